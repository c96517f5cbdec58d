BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'kener','m001_first','2026-11-22 07:37:23.484999+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'kener','m002_safeguards','2026-11-22 07:37:23.489242+00:00');
CREATE TABLE alert (
            id integer primary key autoincrement,
            rule text not null,
            monitor text not null,
            status text not null,
            started integer not null,
            severity text not null,
            failures integer not null,
            successes integer not null,
            triggered integer,
            recovered integer,
            resolved integer,
            incident integer,
            told text not null                -- JSON array of addresses
        , silent_until integer, said text, reminded integer, acknowledged integer) strict;
INSERT INTO "alert" VALUES(1,'down','broken','TRIGGERED',1795333043574,'major',1,0,1795333043574,NULL,NULL,1,'["383a17506eaa6e76 ops", "8e6c5973c9fed7e7 gone"]',NULL,'DOWN',1795333043574,1795333049154);
INSERT INTO "alert" VALUES(2,'down','silent','RESOLVED',1795333045968,'major',1,1,1795333046002,1795333046105,1795333047002,2,'["383a17506eaa6e76 ops", "8e6c5973c9fed7e7 gone"]',NULL,'DOWN',1795333046002,NULL);
INSERT INTO "alert" VALUES(3,'down','silent','TRIGGERED',1795333048505,'major',1,0,1795333049001,NULL,NULL,2,'[]',1795333947002,NULL,NULL,NULL);
CREATE TABLE alive (                  -- stretches in which the loop ran
            started integer primary key,
            ended integer not null
        ) strict;
INSERT INTO "alive" VALUES(1795333043504,1795333043504);
CREATE TABLE change (
            monitor text not null,
            started integer not null,
            status text not null,
            detected integer,                 -- null: no evaluation has seen it yet
            primary key (monitor, started)
        ) strict, without rowid;
INSERT INTO "change" VALUES('broken',1795333043570,'UP',1795333043574);
INSERT INTO "change" VALUES('broken',1795333043574,'DOWN',1795333043574);
INSERT INTO "change" VALUES('hidden',1795333043572,'UP',1795333043576);
INSERT INTO "change" VALUES('hidden',1795333043576,'DEGRADED',1795333043576);
INSERT INTO "change" VALUES('silent',1795333043568,'UP',1795333044004);
INSERT INTO "change" VALUES('silent',1795333044768,'DEGRADED',1795333045001);
INSERT INTO "change" VALUES('silent',1795333045968,'DOWN',1795333046002);
INSERT INTO "change" VALUES('silent',1795333046105,'UP',1795333047002);
INSERT INTO "change" VALUES('silent',1795333047305,'DEGRADED',1795333048001);
INSERT INTO "change" VALUES('silent',1795333048505,'DOWN',1795333049001);
INSERT INTO "change" VALUES('silent',1795333049244,'UP',NULL);
INSERT INTO "change" VALUES('steady',1795333043557,'UP',1795333044004);
CREATE TABLE delivery (
            number integer primary key autoincrement,
            id text not null unique,
            notifier text not null,
            target text not null,             -- fingerprint of the URL
            thread text not null,             -- deliveries of one thread leave in their order
            status text not null,
            created integer not null,
            due integer not null,
            attempts integer not null,
            lease_until integer,
            finished integer,
            error text not null
        ) strict;
INSERT INTO "delivery" VALUES(1,'83e825f50a6e402fb24a2ed9fd95c3d5','ops','383a17506eaa6e76','broken','SENT',1795333043574,1795333043585,1,NULL,1795333043585,'');
INSERT INTO "delivery" VALUES(2,'b05207a4ed9945f0acf57a6ee2ee237e','gone','8e6c5973c9fed7e7','broken','WAITING',1795333043574,1795333054301,1,NULL,NULL,'json: A Connection error occurred sending JSON notification to 127.0.0.1: Failed to establish a new connection: [Errno 111] Connection refused');
INSERT INTO "delivery" VALUES(3,'eba860893d334864bf24c03cbc86a110','ops','383a17506eaa6e76','silent','SENT',1795333046002,1795333046015,1,NULL,1795333046015,'');
INSERT INTO "delivery" VALUES(4,'c0cc88c9f10d46f2b0fc855438d7bd1f','gone','8e6c5973c9fed7e7','silent','WAITING',1795333046002,1795333057077,1,NULL,NULL,'json: A Connection error occurred sending JSON notification to 127.0.0.1: Failed to establish a new connection: [Errno 111] Connection refused');
INSERT INTO "delivery" VALUES(5,'131a1835031b487b8828ca1122cf893f','ops','383a17506eaa6e76','silent','SENT',1795333047002,1795333047010,1,NULL,1795333047010,'');
INSERT INTO "delivery" VALUES(6,'5b639f834ccb4ee89f8a8bbf1f906666','gone','8e6c5973c9fed7e7','silent','WAITING',1795333047002,1795333047002,0,NULL,NULL,'');
CREATE TABLE delivery_notice (        -- what a delivery says; several in a batch
            delivery text not null,
            number integer not null,
            notice text not null,             -- JSON object
            primary key (delivery, number)
        ) strict, without rowid;
INSERT INTO "delivery_notice" VALUES('131a1835031b487b8828ca1122cf893f',0,'{"kind": "RESOLVED", "monitor": "silent", "name": "Silent", "status": "UP", "severity": "major", "rule": "down", "since": 1795333045968, "at": 1795333047002, "expected": "a heartbeat at least every 1.2 s, down after 2.4 s", "recovered": 1795333046105, "last": 1795333046105, "message": "back again", "description": "", "incident": 2, "away": null, "is_removed": false, "is_reminder": false, "alert": 2, "act_path": "", "diagnosis": []}');
INSERT INTO "delivery_notice" VALUES('5b639f834ccb4ee89f8a8bbf1f906666',0,'{"kind": "RESOLVED", "monitor": "silent", "name": "Silent", "status": "UP", "severity": "major", "rule": "down", "since": 1795333045968, "at": 1795333047002, "expected": "a heartbeat at least every 1.2 s, down after 2.4 s", "recovered": 1795333046105, "last": 1795333046105, "message": "back again", "description": "", "incident": 2, "away": null, "is_removed": false, "is_reminder": false, "alert": 2, "act_path": "", "diagnosis": []}');
INSERT INTO "delivery_notice" VALUES('83e825f50a6e402fb24a2ed9fd95c3d5',0,'{"kind": "TRIGGERED", "monitor": "broken", "name": "Broken", "status": "DOWN", "severity": "major", "rule": "down", "since": 1795333043574, "at": 1795333043574, "expected": "a heartbeat every 1 h, down after 2 h without", "recovered": null, "last": 1795333043574, "message": "disk full", "description": "", "incident": 1, "away": null, "is_removed": false, "is_reminder": false, "alert": 1, "act_path": "", "diagnosis": []}');
INSERT INTO "delivery_notice" VALUES('b05207a4ed9945f0acf57a6ee2ee237e',0,'{"kind": "TRIGGERED", "monitor": "broken", "name": "Broken", "status": "DOWN", "severity": "major", "rule": "down", "since": 1795333043574, "at": 1795333043574, "expected": "a heartbeat every 1 h, down after 2 h without", "recovered": null, "last": 1795333043574, "message": "disk full", "description": "", "incident": 1, "away": null, "is_removed": false, "is_reminder": false, "alert": 1, "act_path": "", "diagnosis": []}');
INSERT INTO "delivery_notice" VALUES('c0cc88c9f10d46f2b0fc855438d7bd1f',0,'{"kind": "TRIGGERED", "monitor": "silent", "name": "Silent", "status": "DOWN", "severity": "major", "rule": "down", "since": 1795333045968, "at": 1795333046002, "expected": "a heartbeat at least every 1.2 s, down after 2.4 s", "recovered": null, "last": 1795333043568, "message": "silent says \u2713", "description": "", "incident": 2, "away": null, "is_removed": false, "is_reminder": false, "alert": 2, "act_path": "", "diagnosis": []}');
INSERT INTO "delivery_notice" VALUES('eba860893d334864bf24c03cbc86a110',0,'{"kind": "TRIGGERED", "monitor": "silent", "name": "Silent", "status": "DOWN", "severity": "major", "rule": "down", "since": 1795333045968, "at": 1795333046002, "expected": "a heartbeat at least every 1.2 s, down after 2.4 s", "recovered": null, "last": 1795333043568, "message": "silent says \u2713", "description": "", "incident": 2, "away": null, "is_removed": false, "is_reminder": false, "alert": 2, "act_path": "", "diagnosis": []}');
CREATE TABLE heartbeat (              -- the newest retention.heartbeats of each monitor
            monitor text not null,
            number integer not null,
            received integer not null,
            status text not null,
            message text not null,
            metrics text not null,            -- JSON object
            method text not null,
            user_agent text not null,
            address text not null,
            primary key (monitor, number)
        ) strict, without rowid;
INSERT INTO "heartbeat" VALUES('broken',1,1795333043570,'UP','broken says ✓','{"files": 42.0}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('broken',2,1795333043574,'DOWN','disk full','{}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('hidden',1,1795333043572,'UP','hidden says ✓','{"files": 42.0}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('hidden',2,1795333043576,'DEGRADED','slow','{}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('silent',1,1795333043568,'UP','silent says ✓','{"files": 42.0}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('silent',2,1795333046105,'UP','back again','{}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('silent',3,1795333049244,'UP','the last words','{}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('steady',1,1795333043557,'UP','steady says ✓','{"files": 42.0}','POST','','127.0.0.1');
CREATE TABLE incident (
            id integer primary key autoincrement,
            title text not null,
            state text not null,
            severity text not null,
            started integer not null,
            created integer not null,
            resolved integer,
            opened_for text,
            is_public integer not null
        , publish_at integer) strict;
INSERT INTO "incident" VALUES(1,'Broken is down','INVESTIGATING','major',1795333043574,1795333043574,NULL,'broken',1,1795333043574);
INSERT INTO "incident" VALUES(2,'Silent is down','INVESTIGATING','major',1795333045968,1795333046002,NULL,'silent',1,1795333046002);
INSERT INTO "incident" VALUES(3,'Slow disks','INVESTIGATING','minor',1795333047496,1795333047496,NULL,NULL,1,NULL);
INSERT INTO "incident" VALUES(4,'Told by hand','INVESTIGATING','minor',1795333048037,1795333048037,NULL,NULL,1,1795333048037);
CREATE TABLE incident_monitor (
            incident integer not null,
            monitor text not null,
            primary key (incident, monitor)
        ) strict, without rowid;
INSERT INTO "incident_monitor" VALUES(1,'broken');
INSERT INTO "incident_monitor" VALUES(2,'silent');
INSERT INTO "incident_monitor" VALUES(3,'steady');
INSERT INTO "incident_monitor" VALUES(4,'steady');
CREATE TABLE incident_update (
            id integer primary key autoincrement,
            incident integer not null,
            state text not null,
            text text not null,
            created integer not null
        ) strict;
INSERT INTO "incident_update" VALUES(1,1,'INVESTIGATING','The job reported that it is down.',1795333043574);
INSERT INTO "incident_update" VALUES(2,2,'INVESTIGATING','Expected a heartbeat at least every 1.2 s, down after 2.4 s. The last heartbeat came at 2026-11-22 07:37:23 UTC.',1795333046002);
INSERT INTO "incident_update" VALUES(3,2,'RESOLVED','Resolved after 0.137 s.',1795333047002);
INSERT INTO "incident_update" VALUES(4,3,'INVESTIGATING','We look.',1795333047496);
INSERT INTO "incident_update" VALUES(5,4,'INVESTIGATING','It *was* us.',1795333048037);
INSERT INTO "incident_update" VALUES(6,2,'INVESTIGATING','Expected a heartbeat at least every 1.2 s, down after 2.4 s. The last heartbeat came at 2026-11-22 07:37:26 UTC.',1795333049001);
CREATE TABLE maintenance (            -- one row per window
            id integer primary key autoincrement,
            title text not null,
            description text not null,
            start integer not null,
            "end" integer not null,
            plan text,                        -- null: made by hand
            cancelled integer,
            created integer not null,
            updated integer not null
        ) strict;
INSERT INTO "maintenance" VALUES(1,'Disk swap','',1795333048585,1795334848585,NULL,NULL,1795333048585,1795333048585);
CREATE TABLE maintenance_monitor (
            maintenance integer not null,
            monitor text not null,
            primary key (maintenance, monitor)
        ) strict, without rowid;
INSERT INTO "maintenance_monitor" VALUES(1,'steady');
CREATE TABLE rejection (              -- calls turned away, added up
            monitor text not null,
            reason text not null,
            count integer not null,
            last integer not null,
            primary key (monitor, reason)
        ) strict, without rowid;
CREATE TABLE secret (                 -- made here, for signing links
            name text primary key,
            value blob not null
        ) strict, without rowid;
INSERT INTO "secret" VALUES('links',X'F7E66365740CB2DA548658BE2D63EBB5CDE52777035B1D21918F04EBDD4E5CC1');
CREATE TABLE state (
            monitor text primary key,
            tick text,                        -- "cron|zone" that looks at it; null: not in the file
            due integer,                      -- no need to look before; null: only a beat changes it
            degraded_after integer not null,
            down_after integer not null,
            interval integer,
            last integer,
            reported text not null,
            message text not null,
            beats integer not null,
            status text not null,
            since integer,
            head text not null,
            head_since integer,
            evaluated integer,
            quiet_until integer,
            is_counting integer not null
        , snoozed_until integer) strict, without rowid;
INSERT INTO "state" VALUES('broken','* * * * * */1|UTC',NULL,7200000,7200000,3600000,1795333043574,'DOWN','disk full',2,'DOWN',1795333043574,'DOWN',1795333043574,1795333043574,NULL,0,NULL);
INSERT INTO "state" VALUES('hidden','* * * * * */1|UTC',1795340243576,7200000,7200000,3600000,1795333043576,'DEGRADED','slow',2,'DEGRADED',1795333043576,'DEGRADED',1795333043576,1795333043576,NULL,0,NULL);
INSERT INTO "state" VALUES('never','* * * * * */1|UTC',NULL,7200000,7200000,3600000,NULL,'UP','',0,'NO_DATA',NULL,'NO_DATA',NULL,1795333044004,NULL,0,NULL);
INSERT INTO "state" VALUES('silent','* * * * * */1|UTC',0,1200,2400,NULL,1795333049244,'UP','the last words',3,'DOWN',1795333048505,'UP',1795333049244,1795333049001,NULL,1,NULL);
INSERT INTO "state" VALUES('steady','* * * * * */1|UTC',1795336643557,3600000,5400000,NULL,1795333043557,'UP','steady says ✓',1,'UP',1795333043557,'UP',1795333043557,1795333044004,NULL,0,NULL);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX state_due on state (tick, due) where tick is not null;
CREATE INDEX change_undetected on change (monitor) where detected is null;
CREATE UNIQUE INDEX alert_standing on alert (monitor, rule) where status <> 'RESOLVED';
CREATE UNIQUE INDEX incident_open_for on incident (opened_for)
            where opened_for is not null and resolved is null;
CREATE INDEX incident_opened_for on incident (opened_for) where opened_for is not null;
CREATE INDEX incident_open on incident (resolved) where resolved is null;
CREATE INDEX incident_started on incident (started);
CREATE INDEX incident_monitor_by_monitor on incident_monitor (monitor, incident);
CREATE INDEX incident_update_by_incident on incident_update (incident);
CREATE INDEX delivery_waiting on delivery (due) where status = 'WAITING';
CREATE INDEX delivery_in_thread on delivery (target, thread) where status = 'WAITING';
CREATE UNIQUE INDEX maintenance_of_plan on maintenance (plan, start) where plan is not null;
CREATE INDEX maintenance_end on maintenance ("end");
CREATE INDEX maintenance_monitor_by_monitor on maintenance_monitor (monitor, maintenance);
CREATE INDEX alert_resolved on alert (monitor, resolved) where status = 'RESOLVED';
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('incident',4);
INSERT INTO "sqlite_sequence" VALUES('incident_update',6);
INSERT INTO "sqlite_sequence" VALUES('alert',3);
INSERT INTO "sqlite_sequence" VALUES('delivery',6);
INSERT INTO "sqlite_sequence" VALUES('maintenance',1);
COMMIT;

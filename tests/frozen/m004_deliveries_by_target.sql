BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'kener','m001_first','2026-11-22 08:23:42.864767+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'kener','m002_safeguards','2026-11-22 08:23:42.869946+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'kener','m003_first_heartbeat','2026-11-22 08:23:42.871097+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'kener','m004_deliveries_by_target','2026-11-22 08:23:42.872155+00:00');
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
INSERT INTO "alert" VALUES(1,'down','broken','TRIGGERED',1795335822987,'major',1,0,1795335822987,NULL,NULL,1,'["c59044cb3364e69e ops", "81d734c9c161f89d gone"]',NULL,'DOWN',1795335822987,1795335829785);
INSERT INTO "alert" VALUES(2,'down','silent','RESOLVED',1795335825381,'major',1,1,1795335826001,1795335826044,1795335827002,2,'["c59044cb3364e69e ops", "81d734c9c161f89d gone"]',NULL,'DOWN',1795335826001,NULL);
INSERT INTO "alert" VALUES(3,'down','silent','TRIGGERED',1795335828444,'major',1,0,1795335829002,NULL,NULL,2,'[]',1795336727002,NULL,NULL,NULL);
CREATE TABLE alive (                  -- stretches in which the loop ran
            started integer primary key,
            ended integer not null
        ) strict;
INSERT INTO "alive" VALUES(1795335822910,1795335822910);
CREATE TABLE change (
            monitor text not null,
            started integer not null,
            status text not null,
            detected integer,                 -- null: no evaluation has seen it yet
            primary key (monitor, started)
        ) strict, without rowid;
INSERT INTO "change" VALUES('broken',1795335822982,'UP',1795335822987);
INSERT INTO "change" VALUES('broken',1795335822987,'DOWN',1795335822987);
INSERT INTO "change" VALUES('hidden',1795335822984,'UP',1795335822990);
INSERT INTO "change" VALUES('hidden',1795335822990,'DEGRADED',1795335822990);
INSERT INTO "change" VALUES('silent',1795335822981,'UP',1795335823007);
INSERT INTO "change" VALUES('silent',1795335824181,'DEGRADED',1795335825003);
INSERT INTO "change" VALUES('silent',1795335825381,'DOWN',1795335826001);
INSERT INTO "change" VALUES('silent',1795335826044,'UP',1795335827002);
INSERT INTO "change" VALUES('silent',1795335827244,'DEGRADED',1795335828004);
INSERT INTO "change" VALUES('silent',1795335828444,'DOWN',1795335829002);
INSERT INTO "change" VALUES('silent',1795335829891,'UP',NULL);
INSERT INTO "change" VALUES('steady',1795335822978,'UP',1795335823007);
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
INSERT INTO "delivery" VALUES(1,'01a2025a9e8b60ff190971d745000000','ops','c59044cb3364e69e','broken','SENT',1795335822987,1795335823004,1,NULL,1795335823004,'');
INSERT INTO "delivery" VALUES(2,'01a2025a9e8b60ff190971d745000001','gone','81d734c9c161f89d','broken','WAITING',1795335822987,1795335833270,1,NULL,NULL,'json: A Connection error occurred sending JSON notification to 127.0.0.1: Failed to establish a new connection: [Errno 111] Connection refused');
INSERT INTO "delivery" VALUES(3,'01a2025aaa510760d3fc3ac69b000000','ops','c59044cb3364e69e','silent','SENT',1795335826001,1795335826018,1,NULL,1795335826018,'');
INSERT INTO "delivery" VALUES(4,'01a2025aaa510760d3fc3ac69b000001','gone','81d734c9c161f89d','silent','WAITING',1795335826001,1795335838375,1,NULL,NULL,'json: A Connection error occurred sending JSON notification to 127.0.0.1: Failed to establish a new connection: [Errno 111] Connection refused');
INSERT INTO "delivery" VALUES(5,'01a2025aae3aaa8a0001af8b38000000','ops','c59044cb3364e69e','silent','SENT',1795335827002,1795335827016,1,NULL,1795335827016,'');
INSERT INTO "delivery" VALUES(6,'01a2025aae3aaa8a0001af8b38000001','gone','81d734c9c161f89d','silent','WAITING',1795335827002,1795335827002,0,NULL,NULL,'');
CREATE TABLE delivery_notice (        -- what a delivery says; several in a batch
            delivery text not null,
            number integer not null,
            notice text not null,             -- JSON object
            primary key (delivery, number)
        ) strict, without rowid;
INSERT INTO "delivery_notice" VALUES('01a2025a9e8b60ff190971d745000000',0,'{"kind": "TRIGGERED", "monitor": "broken", "name": "Broken", "status": "DOWN", "severity": "major", "rule": "down", "since": 1795335822987, "at": 1795335822987, "expected": "a heartbeat every 1 h, down after 2 h without", "last": 1795335822987, "message": "disk full", "incident": 1, "alert": 1}');
INSERT INTO "delivery_notice" VALUES('01a2025a9e8b60ff190971d745000001',0,'{"kind": "TRIGGERED", "monitor": "broken", "name": "Broken", "status": "DOWN", "severity": "major", "rule": "down", "since": 1795335822987, "at": 1795335822987, "expected": "a heartbeat every 1 h, down after 2 h without", "last": 1795335822987, "message": "disk full", "incident": 1, "alert": 1}');
INSERT INTO "delivery_notice" VALUES('01a2025aaa510760d3fc3ac69b000000',0,'{"kind": "TRIGGERED", "monitor": "silent", "name": "Silent", "status": "DOWN", "severity": "major", "rule": "down", "since": 1795335825381, "at": 1795335826001, "expected": "a heartbeat at least every 1.2 s, down after 2.4 s", "last": 1795335822981, "message": "silent says \u2713", "incident": 2, "alert": 2}');
INSERT INTO "delivery_notice" VALUES('01a2025aaa510760d3fc3ac69b000001',0,'{"kind": "TRIGGERED", "monitor": "silent", "name": "Silent", "status": "DOWN", "severity": "major", "rule": "down", "since": 1795335825381, "at": 1795335826001, "expected": "a heartbeat at least every 1.2 s, down after 2.4 s", "last": 1795335822981, "message": "silent says \u2713", "incident": 2, "alert": 2}');
INSERT INTO "delivery_notice" VALUES('01a2025aae3aaa8a0001af8b38000000',0,'{"kind": "RESOLVED", "monitor": "silent", "name": "Silent", "status": "UP", "severity": "major", "rule": "down", "since": 1795335825381, "at": 1795335827002, "expected": "a heartbeat at least every 1.2 s, down after 2.4 s", "recovered": 1795335826044, "last": 1795335826044, "message": "back again", "incident": 2, "alert": 2}');
INSERT INTO "delivery_notice" VALUES('01a2025aae3aaa8a0001af8b38000001',0,'{"kind": "RESOLVED", "monitor": "silent", "name": "Silent", "status": "UP", "severity": "major", "rule": "down", "since": 1795335825381, "at": 1795335827002, "expected": "a heartbeat at least every 1.2 s, down after 2.4 s", "recovered": 1795335826044, "last": 1795335826044, "message": "back again", "incident": 2, "alert": 2}');
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
INSERT INTO "heartbeat" VALUES('broken',1,1795335822982,'UP','broken says ✓','{"files": 42.0}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('broken',2,1795335822987,'DOWN','disk full','{}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('hidden',1,1795335822984,'UP','hidden says ✓','{"files": 42.0}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('hidden',2,1795335822990,'DEGRADED','slow','{}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('silent',1,1795335822981,'UP','silent says ✓','{"files": 42.0}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('silent',2,1795335826044,'UP','back again','{}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('silent',3,1795335829891,'UP','the last words','{}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('steady',1,1795335822978,'UP','steady says ✓','{"files": 42.0}','POST','','127.0.0.1');
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
INSERT INTO "incident" VALUES(1,'Broken is down','INVESTIGATING','major',1795335822987,1795335822987,NULL,'broken',1,1795335822987);
INSERT INTO "incident" VALUES(2,'Silent is down','INVESTIGATING','major',1795335825381,1795335826001,NULL,'silent',1,1795335826001);
INSERT INTO "incident" VALUES(3,'Slow disks','INVESTIGATING','minor',1795335827668,1795335827668,NULL,NULL,1,NULL);
INSERT INTO "incident" VALUES(4,'Told by hand','INVESTIGATING','minor',1795335828385,1795335828385,NULL,NULL,1,1795335828385);
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
INSERT INTO "incident_update" VALUES(1,1,'INVESTIGATING','The job reported that it is down.',1795335822987);
INSERT INTO "incident_update" VALUES(2,2,'INVESTIGATING','Expected a heartbeat at least every 1.2 s, down after 2.4 s. The last heartbeat came at 2026-11-22 08:23:42 UTC.',1795335826001);
INSERT INTO "incident_update" VALUES(3,2,'RESOLVED','Resolved after 0.663 s.',1795335827002);
INSERT INTO "incident_update" VALUES(4,3,'INVESTIGATING','We look.',1795335827668);
INSERT INTO "incident_update" VALUES(5,4,'INVESTIGATING','It *was* us.',1795335828385);
INSERT INTO "incident_update" VALUES(6,2,'INVESTIGATING','Expected a heartbeat at least every 1.2 s, down after 2.4 s. The last heartbeat came at 2026-11-22 08:23:46 UTC.',1795335829002);
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
INSERT INTO "maintenance" VALUES(1,'Disk swap','',1795335829063,1795337629063,NULL,NULL,1795335829063,1795335829063);
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
INSERT INTO "secret" VALUES('links',X'03E83AA0BA0A6E53E88247B412E2890E0C56F9EF17EC30F2E6ACCE7B2E4C82F9');
INSERT INTO "secret" VALUES('site',X'B910C3F7E7736A20ACF4986C090B4545');
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
        , snoozed_until integer, first integer) strict, without rowid;
INSERT INTO "state" VALUES('broken','* * * * * */1|UTC',NULL,7200000,7200000,3600000,1795335822987,'DOWN','disk full',2,'DOWN',1795335822987,'DOWN',1795335822987,1795335822987,NULL,0,NULL,1795335822982);
INSERT INTO "state" VALUES('hidden','* * * * * */1|UTC',1795343022990,7200000,7200000,3600000,1795335822990,'DEGRADED','slow',2,'DEGRADED',1795335822990,'DEGRADED',1795335822990,1795335822990,NULL,0,NULL,1795335822984);
INSERT INTO "state" VALUES('never','* * * * * */1|UTC',NULL,7200000,7200000,3600000,NULL,'UP','',0,'NO_DATA',NULL,'NO_DATA',NULL,1795335823007,NULL,0,NULL,NULL);
INSERT INTO "state" VALUES('silent','* * * * * */1|UTC',0,1200,2400,NULL,1795335829891,'UP','the last words',3,'DOWN',1795335828444,'UP',1795335829891,1795335829002,NULL,1,NULL,1795335822981);
INSERT INTO "state" VALUES('steady','* * * * * */1|UTC',1795339422978,3600000,5400000,NULL,1795335822978,'UP','steady says ✓',1,'UP',1795335822978,'UP',1795335822978,1795335823007,NULL,0,NULL,1795335822978);
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
CREATE INDEX delivery_in_thread on delivery (target, thread) where status = 'WAITING';
CREATE UNIQUE INDEX maintenance_of_plan on maintenance (plan, start) where plan is not null;
CREATE INDEX maintenance_end on maintenance ("end");
CREATE INDEX maintenance_monitor_by_monitor on maintenance_monitor (monitor, maintenance);
CREATE INDEX alert_resolved on alert (monitor, resolved) where status = 'RESOLVED';
CREATE INDEX delivery_due on delivery (target, due, created) where status = 'WAITING';
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('incident',4);
INSERT INTO "sqlite_sequence" VALUES('incident_update',6);
INSERT INTO "sqlite_sequence" VALUES('alert',3);
INSERT INTO "sqlite_sequence" VALUES('delivery',6);
INSERT INTO "sqlite_sequence" VALUES('maintenance',1);
COMMIT;

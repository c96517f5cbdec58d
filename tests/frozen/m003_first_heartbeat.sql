BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'kener','m001_first','2026-11-22 07:37:30.309531+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'kener','m002_safeguards','2026-11-22 07:37:30.314285+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'kener','m003_first_heartbeat','2026-11-22 07:37:30.315346+00:00');
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
INSERT INTO "alert" VALUES(1,'down','broken','TRIGGERED',1795333050392,'major',1,0,1795333050392,NULL,NULL,1,'["e543ec781c3cf977 ops", "95baff086cbbb359 gone"]',NULL,'DOWN',1795333050392,1795333056476);
INSERT INTO "alert" VALUES(2,'down','silent','RESOLVED',1795333052787,'major',1,1,1795333053002,1795333053034,1795333054001,2,'["e543ec781c3cf977 ops", "95baff086cbbb359 gone"]',NULL,'DOWN',1795333053002,NULL);
INSERT INTO "alert" VALUES(3,'down','silent','TRIGGERED',1795333055434,'major',1,0,1795333056001,NULL,NULL,2,'[]',1795333954001,NULL,NULL,NULL);
CREATE TABLE alive (                  -- stretches in which the loop ran
            started integer primary key,
            ended integer not null
        ) strict;
INSERT INTO "alive" VALUES(1795333050349,1795333050349);
CREATE TABLE change (
            monitor text not null,
            started integer not null,
            status text not null,
            detected integer,                 -- null: no evaluation has seen it yet
            primary key (monitor, started)
        ) strict, without rowid;
INSERT INTO "change" VALUES('broken',1795333050388,'UP',1795333050392);
INSERT INTO "change" VALUES('broken',1795333050392,'DOWN',1795333050392);
INSERT INTO "change" VALUES('hidden',1795333050390,'UP',1795333050396);
INSERT INTO "change" VALUES('hidden',1795333050396,'DEGRADED',1795333050396);
INSERT INTO "change" VALUES('silent',1795333050387,'UP',1795333051006);
INSERT INTO "change" VALUES('silent',1795333051587,'DEGRADED',1795333052001);
INSERT INTO "change" VALUES('silent',1795333052787,'DOWN',1795333053002);
INSERT INTO "change" VALUES('silent',1795333053034,'UP',1795333054001);
INSERT INTO "change" VALUES('silent',1795333054234,'DEGRADED',1795333055002);
INSERT INTO "change" VALUES('silent',1795333055434,'DOWN',1795333056001);
INSERT INTO "change" VALUES('silent',1795333056572,'UP',NULL);
INSERT INTO "change" VALUES('steady',1795333050385,'UP',1795333051006);
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
INSERT INTO "delivery" VALUES(1,'c240b122cfe94fcda6cd81101c2c3274','ops','e543ec781c3cf977','broken','SENT',1795333050392,1795333050408,1,NULL,1795333050408,'');
INSERT INTO "delivery" VALUES(2,'2ea9fa15c3514547973ef4b3100cf8fd','gone','95baff086cbbb359','broken','WAITING',1795333050392,1795333062113,1,NULL,NULL,'json: A Connection error occurred sending JSON notification to 127.0.0.1: Failed to establish a new connection: [Errno 111] Connection refused');
INSERT INTO "delivery" VALUES(3,'1a20c083a35442c4afbda1e9ab497f0b','ops','e543ec781c3cf977','silent','SENT',1795333053002,1795333053016,1,NULL,1795333053016,'');
INSERT INTO "delivery" VALUES(4,'7acd23ab46a2463e95adcf4a1c840098','gone','95baff086cbbb359','silent','WAITING',1795333053002,1795333063040,1,NULL,NULL,'json: A Connection error occurred sending JSON notification to 127.0.0.1: Failed to establish a new connection: [Errno 111] Connection refused');
INSERT INTO "delivery" VALUES(5,'71362595d1f7481195155304281d9aa3','ops','e543ec781c3cf977','silent','SENT',1795333054001,1795333054010,1,NULL,1795333054010,'');
INSERT INTO "delivery" VALUES(6,'78832d6311b345028eef315d3a3abee2','gone','95baff086cbbb359','silent','WAITING',1795333054001,1795333054001,0,NULL,NULL,'');
CREATE TABLE delivery_notice (        -- what a delivery says; several in a batch
            delivery text not null,
            number integer not null,
            notice text not null,             -- JSON object
            primary key (delivery, number)
        ) strict, without rowid;
INSERT INTO "delivery_notice" VALUES('1a20c083a35442c4afbda1e9ab497f0b',0,'{"kind": "TRIGGERED", "monitor": "silent", "name": "Silent", "status": "DOWN", "severity": "major", "rule": "down", "since": 1795333052787, "at": 1795333053002, "expected": "a heartbeat at least every 1.2 s, down after 2.4 s", "recovered": null, "last": 1795333050387, "message": "silent says \u2713", "description": "", "incident": 2, "away": null, "is_removed": false, "is_reminder": false, "alert": 2, "act_path": "", "diagnosis": []}');
INSERT INTO "delivery_notice" VALUES('2ea9fa15c3514547973ef4b3100cf8fd',0,'{"kind": "TRIGGERED", "monitor": "broken", "name": "Broken", "status": "DOWN", "severity": "major", "rule": "down", "since": 1795333050392, "at": 1795333050392, "expected": "a heartbeat every 1 h, down after 2 h without", "recovered": null, "last": 1795333050392, "message": "disk full", "description": "", "incident": 1, "away": null, "is_removed": false, "is_reminder": false, "alert": 1, "act_path": "", "diagnosis": []}');
INSERT INTO "delivery_notice" VALUES('71362595d1f7481195155304281d9aa3',0,'{"kind": "RESOLVED", "monitor": "silent", "name": "Silent", "status": "UP", "severity": "major", "rule": "down", "since": 1795333052787, "at": 1795333054001, "expected": "a heartbeat at least every 1.2 s, down after 2.4 s", "recovered": 1795333053034, "last": 1795333053034, "message": "back again", "description": "", "incident": 2, "away": null, "is_removed": false, "is_reminder": false, "alert": 2, "act_path": "", "diagnosis": []}');
INSERT INTO "delivery_notice" VALUES('78832d6311b345028eef315d3a3abee2',0,'{"kind": "RESOLVED", "monitor": "silent", "name": "Silent", "status": "UP", "severity": "major", "rule": "down", "since": 1795333052787, "at": 1795333054001, "expected": "a heartbeat at least every 1.2 s, down after 2.4 s", "recovered": 1795333053034, "last": 1795333053034, "message": "back again", "description": "", "incident": 2, "away": null, "is_removed": false, "is_reminder": false, "alert": 2, "act_path": "", "diagnosis": []}');
INSERT INTO "delivery_notice" VALUES('7acd23ab46a2463e95adcf4a1c840098',0,'{"kind": "TRIGGERED", "monitor": "silent", "name": "Silent", "status": "DOWN", "severity": "major", "rule": "down", "since": 1795333052787, "at": 1795333053002, "expected": "a heartbeat at least every 1.2 s, down after 2.4 s", "recovered": null, "last": 1795333050387, "message": "silent says \u2713", "description": "", "incident": 2, "away": null, "is_removed": false, "is_reminder": false, "alert": 2, "act_path": "", "diagnosis": []}');
INSERT INTO "delivery_notice" VALUES('c240b122cfe94fcda6cd81101c2c3274',0,'{"kind": "TRIGGERED", "monitor": "broken", "name": "Broken", "status": "DOWN", "severity": "major", "rule": "down", "since": 1795333050392, "at": 1795333050392, "expected": "a heartbeat every 1 h, down after 2 h without", "recovered": null, "last": 1795333050392, "message": "disk full", "description": "", "incident": 1, "away": null, "is_removed": false, "is_reminder": false, "alert": 1, "act_path": "", "diagnosis": []}');
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
INSERT INTO "heartbeat" VALUES('broken',1,1795333050388,'UP','broken says ✓','{"files": 42.0}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('broken',2,1795333050392,'DOWN','disk full','{}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('hidden',1,1795333050390,'UP','hidden says ✓','{"files": 42.0}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('hidden',2,1795333050396,'DEGRADED','slow','{}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('silent',1,1795333050387,'UP','silent says ✓','{"files": 42.0}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('silent',2,1795333053034,'UP','back again','{}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('silent',3,1795333056572,'UP','the last words','{}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('steady',1,1795333050385,'UP','steady says ✓','{"files": 42.0}','POST','','127.0.0.1');
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
INSERT INTO "incident" VALUES(1,'Broken is down','INVESTIGATING','major',1795333050392,1795333050392,NULL,'broken',1,1795333050392);
INSERT INTO "incident" VALUES(2,'Silent is down','INVESTIGATING','major',1795333052787,1795333053002,NULL,'silent',1,1795333053002);
INSERT INTO "incident" VALUES(3,'Slow disks','INVESTIGATING','minor',1795333054612,1795333054612,NULL,NULL,1,NULL);
INSERT INTO "incident" VALUES(4,'Told by hand','INVESTIGATING','minor',1795333055228,1795333055228,NULL,NULL,1,1795333055228);
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
INSERT INTO "incident_update" VALUES(1,1,'INVESTIGATING','The job reported that it is down.',1795333050392);
INSERT INTO "incident_update" VALUES(2,2,'INVESTIGATING','Expected a heartbeat at least every 1.2 s, down after 2.4 s. The last heartbeat came at 2026-11-22 07:37:30 UTC.',1795333053002);
INSERT INTO "incident_update" VALUES(3,2,'RESOLVED','Resolved after 0.247 s.',1795333054001);
INSERT INTO "incident_update" VALUES(4,3,'INVESTIGATING','We look.',1795333054612);
INSERT INTO "incident_update" VALUES(5,4,'INVESTIGATING','It *was* us.',1795333055228);
INSERT INTO "incident_update" VALUES(6,2,'INVESTIGATING','Expected a heartbeat at least every 1.2 s, down after 2.4 s. The last heartbeat came at 2026-11-22 07:37:33 UTC.',1795333056001);
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
INSERT INTO "maintenance" VALUES(1,'Disk swap','',1795333055848,1795334855848,NULL,NULL,1795333055848,1795333055848);
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
INSERT INTO "secret" VALUES('links',X'153A0BC14F0FBAC035FB9BFAA2519EB6E125C39DC83642A3A3F311DA66E891EB');
INSERT INTO "secret" VALUES('site',X'62C736F7B8ABFC035070E5C5190F882C');
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
INSERT INTO "state" VALUES('broken','* * * * * */1|UTC',NULL,7200000,7200000,3600000,1795333050392,'DOWN','disk full',2,'DOWN',1795333050392,'DOWN',1795333050392,1795333050392,NULL,0,NULL,1795333050388);
INSERT INTO "state" VALUES('hidden','* * * * * */1|UTC',1795340250396,7200000,7200000,3600000,1795333050396,'DEGRADED','slow',2,'DEGRADED',1795333050396,'DEGRADED',1795333050396,1795333050396,NULL,0,NULL,1795333050390);
INSERT INTO "state" VALUES('never','* * * * * */1|UTC',NULL,7200000,7200000,3600000,NULL,'UP','',0,'NO_DATA',NULL,'NO_DATA',NULL,1795333051006,NULL,0,NULL,NULL);
INSERT INTO "state" VALUES('silent','* * * * * */1|UTC',0,1200,2400,NULL,1795333056572,'UP','the last words',3,'DOWN',1795333055434,'UP',1795333056572,1795333056001,NULL,1,NULL,1795333050387);
INSERT INTO "state" VALUES('steady','* * * * * */1|UTC',1795336650385,3600000,5400000,NULL,1795333050385,'UP','steady says ✓',1,'UP',1795333050385,'UP',1795333050385,1795333051006,NULL,0,NULL,1795333050385);
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

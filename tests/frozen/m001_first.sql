BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'kener','m001_first','2026-11-22 07:37:17.690367+00:00');
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
        ) strict;
INSERT INTO "alert" VALUES(1,'down','broken','TRIGGERED',1795333037825,'major',1,0,1795333037825,NULL,NULL,1,'["3a070c08eb49d236 ops", "7c92b8ec016b19d1 gone"]');
INSERT INTO "alert" VALUES(2,'down','silent','RESOLVED',1795333040199,'major',1,1,1795333041001,1795333041063,1795333042001,2,'["3a070c08eb49d236 ops", "7c92b8ec016b19d1 gone"]');
CREATE TABLE alive (                  -- stretches in which the loop ran
            started integer primary key,
            ended integer not null
        ) strict;
INSERT INTO "alive" VALUES(1795333037711,1795333037711);
CREATE TABLE change (
            monitor text not null,
            started integer not null,
            status text not null,
            detected integer,                 -- null: no evaluation has seen it yet
            primary key (monitor, started)
        ) strict, without rowid;
INSERT INTO "change" VALUES('broken',1795333037820,'UP',1795333037825);
INSERT INTO "change" VALUES('broken',1795333037825,'DOWN',1795333037825);
INSERT INTO "change" VALUES('hidden',1795333037822,'UP',1795333037828);
INSERT INTO "change" VALUES('hidden',1795333037828,'DEGRADED',1795333037828);
INSERT INTO "change" VALUES('silent',1795333037799,'UP',1795333038006);
INSERT INTO "change" VALUES('silent',1795333038999,'DEGRADED',1795333039003);
INSERT INTO "change" VALUES('silent',1795333040199,'DOWN',1795333041001);
INSERT INTO "change" VALUES('silent',1795333041063,'UP',1795333042001);
INSERT INTO "change" VALUES('silent',1795333042263,'DEGRADED',NULL);
INSERT INTO "change" VALUES('silent',1795333042318,'UP',NULL);
INSERT INTO "change" VALUES('steady',1795333037795,'UP',1795333038006);
CREATE TABLE delivery (
            number integer primary key autoincrement,
            id text not null unique,
            notifier text not null,
            target text not null,             -- fingerprint of the URL
            thread text not null,             -- deliveries of one thread leave in their order
            status text not null,
            created integer not null,
            due integer not null,
            notices text not null,            -- JSON array
            attempts integer not null,
            lease_until integer,
            finished integer,
            error text not null
        ) strict;
INSERT INTO "delivery" VALUES(1,'41713c60f129472886569a0896138902','ops','3a070c08eb49d236','broken','SENT',1795333037825,1795333037839,'[{"kind": "TRIGGERED", "monitor": "broken", "name": "Broken", "status": "DOWN", "severity": "major", "rule": "down", "since": 1795333037825, "at": 1795333037825, "expected": "a heartbeat every 1 h, down after 2 h without", "recovered": null, "last": 1795333037825, "message": "disk full", "description": "", "incident": 1, "away": null, "is_removed": false}]',1,NULL,1795333037839,'');
INSERT INTO "delivery" VALUES(2,'af22a5cc074643939d132cced3cec9f9','gone','7c92b8ec016b19d1','broken','WAITING',1795333037825,1795333049568,'[{"kind": "TRIGGERED", "monitor": "broken", "name": "Broken", "status": "DOWN", "severity": "major", "rule": "down", "since": 1795333037825, "at": 1795333037825, "expected": "a heartbeat every 1 h, down after 2 h without", "recovered": null, "last": 1795333037825, "message": "disk full", "description": "", "incident": 1, "away": null, "is_removed": false}]',1,NULL,NULL,'json: A Connection error occurred sending JSON notification to 127.0.0.1: Failed to establish a new connection: [Errno 111] Connection refused');
INSERT INTO "delivery" VALUES(3,'90cec18a0c0948e6b4149d0992f6260c','ops','3a070c08eb49d236','silent','SENT',1795333041001,1795333041020,'[{"kind": "TRIGGERED", "monitor": "silent", "name": "Silent", "status": "DOWN", "severity": "major", "rule": "down", "since": 1795333040199, "at": 1795333041001, "expected": "a heartbeat at least every 1.2 s, down after 2.4 s", "recovered": null, "last": 1795333037799, "message": "silent says \u2713", "description": "", "incident": 2, "away": null, "is_removed": false}]',1,NULL,1795333041020,'');
INSERT INTO "delivery" VALUES(4,'5aed31b552334cbab2f854ee3dea3901','gone','7c92b8ec016b19d1','silent','WAITING',1795333041001,1795333051734,'[{"kind": "TRIGGERED", "monitor": "silent", "name": "Silent", "status": "DOWN", "severity": "major", "rule": "down", "since": 1795333040199, "at": 1795333041001, "expected": "a heartbeat at least every 1.2 s, down after 2.4 s", "recovered": null, "last": 1795333037799, "message": "silent says \u2713", "description": "", "incident": 2, "away": null, "is_removed": false}]',1,NULL,NULL,'json: A Connection error occurred sending JSON notification to 127.0.0.1: Failed to establish a new connection: [Errno 111] Connection refused');
INSERT INTO "delivery" VALUES(5,'23aed236054d40399889bb6b9de41cb0','ops','3a070c08eb49d236','silent','SENT',1795333042001,1795333042013,'[{"kind": "RESOLVED", "monitor": "silent", "name": "Silent", "status": "UP", "severity": "major", "rule": "down", "since": 1795333040199, "at": 1795333042001, "expected": "a heartbeat at least every 1.2 s, down after 2.4 s", "recovered": 1795333041063, "last": 1795333041063, "message": "back again", "description": "", "incident": 2, "away": null, "is_removed": false}]',1,NULL,1795333042013,'');
INSERT INTO "delivery" VALUES(6,'be07c4f5535c4cd3a379283dbaa101f4','gone','7c92b8ec016b19d1','silent','WAITING',1795333042001,1795333042001,'[{"kind": "RESOLVED", "monitor": "silent", "name": "Silent", "status": "UP", "severity": "major", "rule": "down", "since": 1795333040199, "at": 1795333042001, "expected": "a heartbeat at least every 1.2 s, down after 2.4 s", "recovered": 1795333041063, "last": 1795333041063, "message": "back again", "description": "", "incident": 2, "away": null, "is_removed": false}]',0,NULL,NULL,'');
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
INSERT INTO "heartbeat" VALUES('broken',1,1795333037820,'UP','broken says ✓','{"files": 42.0}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('broken',2,1795333037825,'DOWN','disk full','{}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('hidden',1,1795333037822,'UP','hidden says ✓','{"files": 42.0}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('hidden',2,1795333037828,'DEGRADED','slow','{}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('silent',1,1795333037799,'UP','silent says ✓','{"files": 42.0}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('silent',2,1795333041063,'UP','back again','{}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('silent',3,1795333042318,'UP','the last words','{}','POST','','127.0.0.1');
INSERT INTO "heartbeat" VALUES('steady',1,1795333037795,'UP','steady says ✓','{"files": 42.0}','POST','','127.0.0.1');
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
        ) strict;
INSERT INTO "incident" VALUES(1,'Broken is down','INVESTIGATING','major',1795333037825,1795333037825,NULL,'broken',1);
INSERT INTO "incident" VALUES(2,'Silent is down','RESOLVED','major',1795333040199,1795333041001,1795333041063,'silent',1);
CREATE TABLE incident_monitor (
            incident integer not null,
            monitor text not null,
            primary key (incident, monitor)
        ) strict, without rowid;
INSERT INTO "incident_monitor" VALUES(1,'broken');
INSERT INTO "incident_monitor" VALUES(2,'silent');
CREATE TABLE incident_update (
            id integer primary key autoincrement,
            incident integer not null,
            state text not null,
            text text not null,
            created integer not null
        ) strict;
INSERT INTO "incident_update" VALUES(1,1,'INVESTIGATING','The job reported that it is down.',1795333037825);
INSERT INTO "incident_update" VALUES(2,2,'INVESTIGATING','Expected a heartbeat at least every 1.2 s, down after 2.4 s. The last heartbeat came at 2026-11-22 07:37:17 UTC.',1795333041001);
INSERT INTO "incident_update" VALUES(3,2,'RESOLVED','Resolved after 0.864 s.',1795333042001);
CREATE TABLE rejection (              -- calls turned away, added up
            monitor text not null,
            reason text not null,
            count integer not null,
            last integer not null,
            primary key (monitor, reason)
        ) strict, without rowid;
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
        ) strict, without rowid;
INSERT INTO "state" VALUES('broken','* * * * * */1|UTC',NULL,7200000,7200000,3600000,1795333037825,'DOWN','disk full',2,'DOWN',1795333037825,'DOWN',1795333037825,1795333037825,NULL,0);
INSERT INTO "state" VALUES('hidden','* * * * * */1|UTC',1795340237828,7200000,7200000,3600000,1795333037828,'DEGRADED','slow',2,'DEGRADED',1795333037828,'DEGRADED',1795333037828,1795333037828,NULL,0);
INSERT INTO "state" VALUES('never','* * * * * */1|UTC',NULL,7200000,7200000,3600000,NULL,'UP','',0,'NO_DATA',NULL,'NO_DATA',NULL,1795333038006,NULL,0);
INSERT INTO "state" VALUES('silent','* * * * * */1|UTC',0,1200,2400,NULL,1795333042318,'UP','the last words',3,'UP',1795333041063,'UP',1795333042318,1795333042001,NULL,0);
INSERT INTO "state" VALUES('steady','* * * * * */1|UTC',1795336637795,3600000,5400000,NULL,1795333037795,'UP','steady says ✓',1,'UP',1795333037795,'UP',1795333037795,1795333038006,NULL,0);
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
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('incident',2);
INSERT INTO "sqlite_sequence" VALUES('incident_update',3);
INSERT INTO "sqlite_sequence" VALUES('alert',2);
INSERT INTO "sqlite_sequence" VALUES('delivery',6);
COMMIT;

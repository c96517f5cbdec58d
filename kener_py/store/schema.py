"""The tables, as an ordered list of migrations: appended to, never edited."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

MIGRATIONS = Migrations("kener")


@MIGRATIONS()
def m001_first(db: Database) -> None:
    db.executescript(
        """
        create table state (
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
        create index state_due on state (tick, due) where tick is not null;

        create table change (
            monitor text not null,
            started integer not null,
            status text not null,
            detected integer,                 -- null: no evaluation has seen it yet
            primary key (monitor, started)
        ) strict, without rowid;
        create index change_undetected on change (monitor) where detected is null;

        create table heartbeat (              -- the newest retention.heartbeats of each monitor
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

        create table alive (                  -- stretches in which the loop ran
            started integer primary key,
            ended integer not null
        ) strict;

        create table alert (
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
        create unique index alert_standing on alert (monitor, rule) where status <> 'RESOLVED';

        create table incident (
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
        create unique index incident_open_for on incident (opened_for)
            where opened_for is not null and resolved is null;
        create index incident_opened_for on incident (opened_for) where opened_for is not null;
        create index incident_open on incident (resolved) where resolved is null;
        create index incident_started on incident (started);

        create table incident_monitor (
            incident integer not null,
            monitor text not null,
            primary key (incident, monitor)
        ) strict, without rowid;
        create index incident_monitor_by_monitor on incident_monitor (monitor, incident);

        create table incident_update (
            id integer primary key autoincrement,
            incident integer not null,
            state text not null,
            text text not null,
            created integer not null
        ) strict;
        create index incident_update_by_incident on incident_update (incident);

        create table delivery (
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
        create index delivery_waiting on delivery (due) where status = 'WAITING';
        create index delivery_in_thread on delivery (target, thread) where status = 'WAITING';

        create table rejection (              -- calls turned away, added up
            monitor text not null,
            reason text not null,
            count integer not null,
            last integer not null,
            primary key (monitor, reason)
        ) strict, without rowid;
        """
    )


@MIGRATIONS()
def m002_safeguards(db: Database) -> None:
    db.executescript(
        """
        alter table state add column snoozed_until integer;
        alter table alert add column silent_until integer;
        alter table alert add column said text;
        alter table alert add column reminded integer;
        alter table alert add column acknowledged integer;
        alter table incident add column publish_at integer;
        update incident set publish_at = created;
        update alert set said = 'DOWN', reminded = triggered where triggered is not null;

        create table delivery_notice (        -- what a delivery says; several in a batch
            delivery text not null,
            number integer not null,
            notice text not null,             -- JSON object
            primary key (delivery, number)
        ) strict, without rowid;
        insert into delivery_notice (delivery, number, notice)
            select d.id, each.key, each.value from delivery d, json_each(d.notices) each;
        alter table delivery drop column notices;

        create table maintenance (            -- one row per window
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
        create unique index maintenance_of_plan on maintenance (plan, start) where plan is not null;
        create index maintenance_end on maintenance ("end");

        create table maintenance_monitor (
            maintenance integer not null,
            monitor text not null,
            primary key (maintenance, monitor)
        ) strict, without rowid;
        create index maintenance_monitor_by_monitor on maintenance_monitor (monitor, maintenance);

        create index alert_resolved on alert (monitor, resolved) where status = 'RESOLVED';

        create table secret (                 -- made here, for signing links
            name text primary key,
            value blob not null
        ) strict, without rowid;
        """
    )


@MIGRATIONS()
def m003_first_heartbeat(db: Database) -> None:
    db.executescript(
        """
        alter table state add column first integer;
        update state set first = (
            select min(started) from change where change.monitor = state.monitor and status <> 'NO_DATA'
        );
        """
    )


@MIGRATIONS()
def m004_deliveries_by_target(db: Database) -> None:
    db.executescript(
        """
        drop index delivery_waiting;
        create index delivery_due on delivery (target, due, created) where status = 'WAITING';
        """
    )

-- The guard inside a database of the service. `scripts.engines.postgres.guard.install` applies it, as often as wanted.
-- Every name is qualified: a role, a database or a session may have any search_path.
DO $guard$
BEGIN
    PERFORM pg_catalog.set_config('lock_timeout', '2s', true);
    PERFORM pg_catalog.pg_advisory_xact_lock(7311954020252);
EXCEPTION WHEN lock_not_available THEN
    NULL; -- a service may take it, and keep it: then two who install at once meet, and one of them tries again
END $guard$;
CREATE SCHEMA IF NOT EXISTS dr_guard;
GRANT USAGE ON SCHEMA dr_guard TO PUBLIC;

-- Who may write. For people and programs; the triggers read the two sequences instead, because a row is seen through
-- the snapshot of a transaction, and a transaction may be older than the lease.
CREATE TABLE IF NOT EXISTS dr_guard.writer_lease (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    site text NOT NULL,
    epoch bigint NOT NULL,
    timeline text NOT NULL,
    valid_until timestamptz NOT NULL
);
-- Microseconds since 1970: the end of the lease, and the start of the very server process that it was granted to. A
-- promoted, restored or restarted copy is another process, so it refuses until it is granted a lease of its own.
CREATE SEQUENCE IF NOT EXISTS dr_guard.valid_until;
CREATE SEQUENCE IF NOT EXISTS dr_guard.granted_to;
-- Microseconds after the end of the lease at which the watchman closes the database.
CREATE SEQUENCE IF NOT EXISTS dr_guard.grace;
GRANT SELECT ON SEQUENCE dr_guard.valid_until, dr_guard.granted_to TO PUBLIC;

CREATE TABLE IF NOT EXISTS dr_guard.marker (
    name text PRIMARY KEY,
    site text NOT NULL,
    epoch bigint NOT NULL,
    written_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    note text NOT NULL DEFAULT ''
);
-- A row for each transaction that writes: it carries the check at commit. No table of the service has an event that
-- waits for the commit, because ALTER TABLE refuses one that has. `dr_guard.guard_tables` takes the rows out again.
CREATE UNLOGGED TABLE IF NOT EXISTS dr_guard.check_at_commit ()
    WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
GRANT INSERT ON dr_guard.check_at_commit TO PUBLIC;
-- What could not be guarded so far, and when it is tried again.
CREATE TABLE IF NOT EXISTS dr_guard.unguarded (
    relation oid PRIMARY KEY,
    name text NOT NULL,
    reason text NOT NULL,
    tries integer NOT NULL,
    next_try timestamptz NOT NULL
);
-- There while the database is closed: since when, and what `dr_guard.reopen` has to give back.
CREATE TABLE IF NOT EXISTS dr_guard.closing (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    closed_at timestamptz NOT NULL,
    connected text[] NOT NULL,
    not_closed text[] NOT NULL
);

CREATE OR REPLACE FUNCTION dr_guard.may_write() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $guard$
BEGIN
    RETURN coalesce(
        pg_catalog.clock_timestamp() OPERATOR(pg_catalog.<) pg_catalog.to_timestamp(
            pg_catalog.pg_sequence_last_value('dr_guard.valid_until'::pg_catalog.regclass) OPERATOR(pg_catalog./) 1e6::pg_catalog.float8)
        AND pg_catalog.pg_postmaster_start_time() OPERATOR(pg_catalog.=) pg_catalog.to_timestamp(
            pg_catalog.pg_sequence_last_value('dr_guard.granted_to'::pg_catalog.regclass) OPERATOR(pg_catalog./) 1e6::pg_catalog.float8),
        false);
END $guard$;

CREATE OR REPLACE FUNCTION dr_guard.why_not_write() RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog AS $guard$
DECLARE lease dr_guard.writer_lease%ROWTYPE;
BEGIN
    IF pg_is_in_recovery() THEN
        RETURN 'it is a replica';
    ELSIF dr_guard.may_write() THEN
        RETURN NULL;
    END IF;
    SELECT * INTO lease FROM dr_guard.writer_lease;
    IF NOT FOUND THEN
        RETURN 'no writer lease was ever granted';
    ELSIF clock_timestamp() >= lease.valid_until THEN
        RETURN format('the writer lease of %s, epoch %s, ended at %s', lease.site, lease.epoch, lease.valid_until);
    ELSIF lease.timeline <> substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) THEN
        RETURN format('the writer lease of %s, epoch %s, was granted before this copy was promoted',
                      lease.site, lease.epoch);
    END IF;
    RETURN format('the writer lease of %s, epoch %s, has ended or was granted before this server started',
                  lease.site, lease.epoch);
END $guard$;

CREATE OR REPLACE FUNCTION dr_guard.refuse() RETURNS void LANGUAGE plpgsql AS $guard$
BEGIN
    RAISE EXCEPTION USING ERRCODE = '25006',
        MESSAGE = 'this database accepts no writes: '
            OPERATOR(pg_catalog.||) coalesce(dr_guard.why_not_write(), 'the writer lease had ended'),
        HINT = 'Look at "dr status": the service may have moved to another site.';
END $guard$;

-- At the commit of every transaction that writes.
CREATE OR REPLACE FUNCTION dr_guard.refuse_without_lease() RETURNS trigger LANGUAGE plpgsql AS $guard$
BEGIN
    IF NOT dr_guard.may_write() THEN
        PERFORM dr_guard.refuse();
    END IF;
    RETURN NULL;
END $guard$;

-- Paid for by every statement that writes. No SET, no SECURITY DEFINER and no lock on purpose, and the test of
-- `dr_guard.may_write` is repeated in it: each of them costs more than the test. The first one of a transaction asks for the
-- check at its commit; rolled back to a savepoint, that is forgotten with it.
CREATE OR REPLACE FUNCTION dr_guard.refuse_or_ask() RETURNS trigger LANGUAGE plpgsql AS $guard$
DECLARE
    asked text; -- an assignment costs less than PERFORM, which runs a query
BEGIN
    IF pg_catalog.clock_timestamp() OPERATOR(pg_catalog.<) pg_catalog.to_timestamp(
            pg_catalog.pg_sequence_last_value('dr_guard.valid_until'::pg_catalog.regclass) OPERATOR(pg_catalog./) 1e6::pg_catalog.float8)
        AND pg_catalog.pg_postmaster_start_time() OPERATOR(pg_catalog.=) pg_catalog.to_timestamp(
            pg_catalog.pg_sequence_last_value('dr_guard.granted_to'::pg_catalog.regclass) OPERATOR(pg_catalog./) 1e6::pg_catalog.float8)
    THEN
        IF pg_catalog.current_setting('dr_guard.asked', true) IS DISTINCT FROM 'yes' THEN
            asked := pg_catalog.set_config('dr_guard.asked', 'yes', true);
            INSERT INTO dr_guard.check_at_commit DEFAULT VALUES;
        END IF;
        RETURN NULL;
    END IF;
    PERFORM dr_guard.refuse();
    RETURN NULL;
END $guard$;

-- The same for what no trigger of a table sees.
CREATE OR REPLACE FUNCTION dr_guard.ask_at_commit() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $guard$
BEGIN
    IF current_setting('dr_guard.asked', true) IS DISTINCT FROM 'yes' THEN
        PERFORM set_config('dr_guard.asked', 'yes', true);
        INSERT INTO dr_guard.check_at_commit DEFAULT VALUES;
    END IF;
END $guard$;

-- Of a session in replica mode alone: the worker that applies changes of another database, which fires no triggers of
-- statements.
CREATE OR REPLACE FUNCTION dr_guard.refuse_row() RETURNS trigger LANGUAGE plpgsql AS $guard$
BEGIN
    IF NOT dr_guard.may_write() THEN
        PERFORM dr_guard.refuse();
    END IF;
    PERFORM dr_guard.ask_at_commit();
    IF tg_op OPERATOR(pg_catalog.=) 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $guard$;

-- The triggers of a table, told from others of the same name by what they call and when (`pg_trigger.tgtype`).
CREATE OR REPLACE VIEW dr_guard.wanted (name, state, calls, type, made) AS VALUES
    ('dr_writer_lease', 'ALWAYS', 'dr_guard.refuse_or_ask()'::pg_catalog.regprocedure, 30,
        'BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT'),
    ('dr_writer_lease_replica', 'REPLICA', 'dr_guard.refuse_row()'::pg_catalog.regprocedure, 31,
        'BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW'),
    ('dr_writer_lease_truncate', 'ALWAYS', 'dr_guard.refuse_or_ask()'::pg_catalog.regprocedure, 34,
        'BEFORE TRUNCATE ON %s FOR EACH STATEMENT');
CREATE OR REPLACE VIEW dr_guard.triggers AS
    SELECT t.tgrelid, w.name, w.state, t.tgenabled
    FROM pg_catalog.pg_trigger t JOIN dr_guard.wanted w
        ON t.tgname = w.name AND t.tgfoid = w.calls AND t.tgtype = w.type AND t.tgqual IS NULL;

-- What one table, told by its oid, lacks of the guard: statements, each of which ends with a blank. Empty: it is guarded.
CREATE OR REPLACE FUNCTION dr_guard.lacks(relation oid) RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog AS $guard$
    SELECT coalesce(string_agg(
        CASE WHEN t.name IS NOT NULL THEN '' ELSE
            format('CREATE TRIGGER %I ' || wanted.made || ' EXECUTE FUNCTION %s; ', wanted.name, named.quoted, wanted.calls) END
        || CASE WHEN named.ours THEN format('ALTER %s %s ENABLE %s TRIGGER %I; ',
            CASE c.relkind WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, named.quoted, wanted.state, wanted.name)
           WHEN t.name IS NOT NULL THEN format('DO $d$ BEGIN RAISE insufficient_privilege USING MESSAGE = %L; END $d$; ',
            'a trigger of the guard is disabled') ELSE '' END,
        '' ORDER BY wanted.name), '')
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL (SELECT format('%I.%I', n.nspname, c.relname) AS quoted,
                               pg_has_role(c.relowner, 'USAGE') AS ours) AS named
    CROSS JOIN dr_guard.wanted
    LEFT JOIN dr_guard.triggers t ON t.tgrelid = c.oid AND t.name = wanted.name
    WHERE c.oid = $1
      AND (wanted.state = 'ALWAYS' OR (c.relkind = 'r' AND named.ours)) -- rows end up in leaves; foreign ones elsewhere
      AND (c.relkind <> 'f' OR wanted.name = 'dr_writer_lease')
      AND (t.name IS NULL OR NOT (t.tgenabled = left(wanted.state, 1) OR (t.tgenabled = 'O' AND NOT named.ours)))
$guard$;

-- Every table that has to be guarded. Temporary ones hold nothing that outlives a session.
CREATE OR REPLACE VIEW dr_guard.tables AS
    SELECT c.oid AS relation, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, c.relkind, c.relowner
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'dr_guard') AND n.nspname NOT LIKE 'pg\_%';

-- Those of them that the triggers do not guard, cheap for thousands of tables. A trigger on a table that is not ours is
-- not ENABLE ALWAYS, because only its owner may say so.
CREATE OR REPLACE VIEW dr_guard.bare AS
    SELECT t.relation, t.name, t.relkind, t.relowner
    FROM dr_guard.tables t
    LEFT JOIN (
        SELECT g.tgrelid,
               pg_catalog.count(*) FILTER (WHERE g.tgenabled = pg_catalog.left(g.state, 1)) AS as_ours,
               pg_catalog.count(*) FILTER (WHERE g.tgenabled IN ('A', 'O') AND g.state = 'ALWAYS') AS enabled
        FROM dr_guard.triggers g
        GROUP BY g.tgrelid
    ) AS has ON has.tgrelid = t.relation
    WHERE CASE WHEN pg_catalog.pg_has_role(t.relowner, 'USAGE')
          THEN coalesce(has.as_ours, 0) < CASE t.relkind WHEN 'r' THEN 3 WHEN 'p' THEN 2 ELSE 1 END
          ELSE coalesce(has.enabled, 0) < CASE t.relkind WHEN 'f' THEN 1 ELSE 2 END END;

-- Guard up to `at_most` tables, each in a transaction of its own, and remember why one cannot be. A lock that is not had
-- at once (the session's lock_timeout) is asked for again later and later, because whoever writes waits behind us.
CREATE OR REPLACE PROCEDURE dr_guard.guard_tables(at_most integer, INOUT guarded integer) LANGUAGE plpgsql AS $guard$
DECLARE bare record; why text;
BEGIN
    guarded := 0;
    DELETE FROM dr_guard.check_at_commit; -- of transactions that are over
    COMMIT;
    DELETE FROM dr_guard.unguarded u WHERE NOT EXISTS (SELECT FROM dr_guard.bare t WHERE t.relation = u.relation);
    COMMIT;
    FOR bare IN
        SELECT t.relation, t.name, t.relowner, u.tries,
               pg_catalog.has_table_privilege(t.relation, 'TRIGGER') OR pg_catalog.pg_has_role(t.relowner, 'USAGE') AS may
        FROM dr_guard.bare t LEFT JOIN dr_guard.unguarded u USING (relation)
        WHERE u.relation IS NULL OR u.next_try <= pg_catalog.clock_timestamp()
        ORDER BY t.relation LIMIT at_most
    LOOP
        why := NULL;
        IF NOT bare.may THEN
            why := pg_catalog.format('it belongs to %I, which has to say: GRANT TRIGGER ON %s TO %I',
                pg_catalog.pg_get_userbyid(bare.relowner), bare.name, current_user);
        ELSE
            BEGIN
                EXECUTE dr_guard.lacks(bare.relation);
                guarded := guarded + 1;
            EXCEPTION
                WHEN lock_not_available THEN
                    why := 'its lock is held by a transaction that writes into it';
                WHEN OTHERS THEN
                    why := sqlerrm;
            END;
        END IF;
        IF why IS NULL THEN
            DELETE FROM dr_guard.unguarded WHERE relation = bare.relation;
        ELSE
            INSERT INTO dr_guard.unguarded AS u VALUES (bare.relation, bare.name, why, 1,
                pg_catalog.clock_timestamp() + interval '1 second')
            ON CONFLICT (relation) DO UPDATE SET name = excluded.name, reason = excluded.reason, tries = u.tries + 1,
                next_try = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => least(2 ^ u.tries, 60));
        END IF;
        COMMIT;
    END LOOP;
END $guard$;

-- Close the database for everybody but us, beyond what triggers see: sessions begin read-only, nobody else may connect.
-- `only_without_lease`: not if it may be written to again meanwhile. Needs the owner of the database; gives what it
-- could not do. Sessions are ended by `dr_guard.end_sessions`.
CREATE OR REPLACE FUNCTION dr_guard.close(only_without_lease boolean) RETURNS text[] LANGUAGE plpgsql
SET search_path = pg_catalog AS $guard$
DECLARE connected text[]; failed text[] := '{}'; each text; known dr_guard.closing%ROWTYPE;
BEGIN
    PERFORM FROM dr_guard.writer_lease FOR UPDATE; -- a grant waits for us, or we see what it granted
    IF only_without_lease AND dr_guard.may_write() THEN
        RETURN '{}';
    END IF;
    SELECT * INTO known FROM dr_guard.closing;
    IF FOUND AND known.not_closed = '{}' THEN
        RETURN '{}';
    END IF;
    SELECT coalesce(array_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END), '{}')
    INTO connected
    FROM pg_database d CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
    WHERE d.datname = current_database() AND a.privilege_type = 'CONNECT'
      AND a.grantee NOT IN (d.datdba, (SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user));
    BEGIN
        EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database());
    EXCEPTION WHEN OTHERS THEN
        failed := failed || format('sessions do not begin read-only: %s', sqlerrm);
    END;
    FOREACH each IN ARRAY connected LOOP
        BEGIN
            EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM %s', current_database(), each);
        EXCEPTION WHEN OTHERS THEN
            failed := failed || format('%s may connect: %s', each, sqlerrm);
        END;
    END LOOP;
    INSERT INTO dr_guard.closing AS c (closed_at, connected, not_closed) VALUES (clock_timestamp(), connected, failed)
    ON CONFLICT (one) DO UPDATE SET not_closed = excluded.not_closed,
        connected = (SELECT array_agg(DISTINCT x) FROM unnest(c.connected || excluded.connected) x);
    RETURN failed;
END $guard$;

-- Give back what `dr_guard.close` took.
CREATE OR REPLACE FUNCTION dr_guard.reopen() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $guard$
DECLARE each text; known dr_guard.closing%ROWTYPE;
BEGIN
    PERFORM FROM dr_guard.writer_lease FOR UPDATE;
    DELETE FROM dr_guard.closing RETURNING * INTO known;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    EXECUTE format('ALTER DATABASE %I RESET default_transaction_read_only', current_database());
    FOREACH each IN ARRAY known.connected LOOP
        BEGIN
            EXECUTE format('GRANT CONNECT ON DATABASE %I TO %s', current_database(), each);
        EXCEPTION WHEN undefined_object THEN
            NULL; -- the role is gone
        END;
    END LOOP;
END $guard$;

-- Every session in this database but those of the agent and the programs.
CREATE OR REPLACE VIEW dr_guard.other_sessions AS
    SELECT a.pid, a.usename, a.application_name, a.backend_xid IS NOT NULL AS writes, a.state, a.backend_start
    FROM pg_catalog.pg_stat_activity a
    WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()
      AND NOT (a.application_name IN ('dr', 'dr-watchman') AND a.usename = current_user)
      AND coalesce(a.backend_type, 'client backend') IN ('client backend', 'logical replication worker',
          'logical replication apply worker', 'logical replication tablesync worker');

-- End them, or those of them with these numbers; how many were there and could be told to end.
CREATE OR REPLACE FUNCTION dr_guard.end_sessions(pids integer[] DEFAULT NULL) RETURNS integer LANGUAGE plpgsql SET search_path = pg_catalog AS $guard$
DECLARE each record; ended integer := 0;
BEGIN
    PERFORM pg_stat_clear_snapshot();
    FOR each IN SELECT pid FROM dr_guard.other_sessions WHERE pids IS NULL OR pid = ANY(pids) LOOP
        BEGIN
            IF pg_terminate_backend(each.pid) THEN
                ended := ended + 1;
            END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            NULL; -- a superuser's: it is listed as left
        END;
    END LOOP;
    RETURN ended;
END $guard$;

-- Who watches. Known by his name and ours, not by a lock: a service could hold any lock that he could.
CREATE OR REPLACE VIEW dr_guard.watchmen AS
    SELECT a.pid, a.backend_start FROM pg_catalog.pg_stat_activity a
    WHERE a.datname = pg_catalog.current_database() AND a.usename = current_user AND a.application_name = 'dr-watchman';

-- The watchman: a session that stays in this database whatever becomes of the agent that began it. When the lease has
-- been over for `dr_guard.grace`, it closes the database and ends every session, and with it every transaction that dodged the
-- check at its commit or changed what no trigger sees. Then its work is done, until the next grant begins another.
CREATE OR REPLACE PROCEDURE dr_guard.keep_watch() LANGUAGE plpgsql AS $guard$
DECLARE ends timestamptz; now timestamptz;
BEGIN
    PERFORM pg_catalog.set_config('application_name', 'dr-watchman', false);
    IF EXISTS (SELECT FROM dr_guard.watchmen w, pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) AS me
               WHERE (w.backend_start, w.pid) < (me.backend_start, me.pid))
    THEN
        PERFORM pg_catalog.set_config('application_name', 'dr', false);
        RETURN;
    END IF;
    LOOP
        ends := pg_catalog.to_timestamp(pg_catalog.pg_sequence_last_value('dr_guard.valid_until'::pg_catalog.regclass)
            OPERATOR(pg_catalog./) 1e6::pg_catalog.float8)
            + pg_catalog.make_interval(secs => pg_catalog.pg_sequence_last_value('dr_guard.grace'::pg_catalog.regclass) / 1e6);
        now := pg_catalog.clock_timestamp();
        EXIT WHEN ends IS NULL OR now >= ends;
        PERFORM pg_catalog.pg_sleep(least(pg_catalog.date_part('epoch', ends - now), 0.5) + 0.001);
        COMMIT; -- holds no old snapshot
    END LOOP;
    PERFORM dr_guard.close(true);
    COMMIT;
    IF NOT dr_guard.may_write() THEN -- who came later than the closing is read-only and harms nobody
        PERFORM dr_guard.end_sessions((SELECT pg_catalog.array_agg(s.pid) FROM dr_guard.other_sessions s, dr_guard.closing c
            WHERE s.backend_start < c.closed_at + interval '1 second') || '{}'::integer[]);
    END IF;
    COMMIT;
    PERFORM pg_catalog.set_config('application_name', 'dr', false); -- his watch is over
END $guard$;

-- DDL, where our role may make event triggers (RDS lets its main user; elsewhere a superuser): none without a lease, a
-- table is born guarded whoever owns it, and the guard is not dropped by the way.
CREATE OR REPLACE FUNCTION dr_guard.ours() RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog AS $guard$
    SELECT current_setting('application_name') = 'dr'
       AND pg_has_role(session_user, (SELECT nspowner FROM pg_namespace WHERE nspname = 'dr_guard'), 'USAGE')
$guard$;
CREATE OR REPLACE FUNCTION dr_guard.ddl_begins() RETURNS event_trigger LANGUAGE plpgsql AS $guard$
BEGIN
    IF NOT dr_guard.may_write() AND NOT dr_guard.ours() THEN
        PERFORM dr_guard.refuse();
    ELSIF tg_tag OPERATOR(pg_catalog.=) 'DROP SCHEMA' AND pg_catalog.current_query() OPERATOR(pg_catalog.~*) '\mdr_guard\M' AND NOT dr_guard.ours() THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', -- too late at its end: the event triggers go with it
            MESSAGE = 'the schema dr_guard is the guard of this database',
            HINT = 'Drop the event trigger dr_ddl_begins first, if the guard shall really go.';
    END IF;
END $guard$;
CREATE OR REPLACE FUNCTION dr_guard.ddl_ends() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $guard$
DECLARE each record; lasting boolean := false; lacking text;
BEGIN
    IF dr_guard.ours() OR current_setting('dr_guard.guarding', true) = 'yes' THEN -- what follows is DDL itself
        RETURN;
    END IF;
    FOR each IN SELECT DISTINCT classid, objid, schema_name FROM pg_event_trigger_ddl_commands() LOOP
        lasting := lasting OR each.schema_name IS DISTINCT FROM 'pg_temp';
        IF each.classid = 'pg_class'::regclass AND EXISTS (SELECT FROM dr_guard.tables WHERE relation = each.objid) THEN
            BEGIN
                lacking := dr_guard.lacks(each.objid);
                IF lacking <> '' THEN
                    PERFORM set_config('dr_guard.guarding', 'yes', true);
                    EXECUTE lacking;
                    PERFORM set_config('dr_guard.guarding', '', true);
                END IF;
            EXCEPTION WHEN OTHERS THEN
                NULL; -- a statement of the service never fails for this: the agent tries again and tells
            END;
        END IF;
    END LOOP;
    IF lasting THEN
        PERFORM dr_guard.ask_at_commit();
    END IF;
END $guard$;
CREATE OR REPLACE FUNCTION dr_guard.ddl_drops() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $guard$
DECLARE each record;
BEGIN
    IF dr_guard.ours() THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM pg_event_trigger_dropped_objects() WHERE NOT is_temporary) THEN
        PERFORM dr_guard.ask_at_commit();
    END IF;
    FOR each IN SELECT object_type, object_identity, original FROM pg_event_trigger_dropped_objects()
        WHERE original AND (schema_name = 'dr_guard' OR (object_type = 'schema' AND object_name = 'dr_guard')
            OR (object_type = 'trigger' AND address_names[3] LIKE 'dr\_writer\_lease%'))
    LOOP
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = format('%s is part of the guard of this database', each.object_identity),
            HINT = 'Drop the event trigger dr_ddl_drops first, if the guard shall really go.';
    END LOOP;
END $guard$;

REVOKE ALL ON FUNCTION dr_guard.close(boolean), dr_guard.reopen(), dr_guard.end_sessions(integer[]) FROM PUBLIC;
REVOKE ALL ON PROCEDURE dr_guard.keep_watch(), dr_guard.guard_tables(integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dr_guard.may_write(), dr_guard.why_not_write(), dr_guard.refuse(), dr_guard.refuse_without_lease(), dr_guard.refuse_or_ask(),
    dr_guard.refuse_row(), dr_guard.ask_at_commit(), dr_guard.lacks(oid), dr_guard.ours() TO PUBLIC;
GRANT SELECT ON dr_guard.tables, dr_guard.wanted, dr_guard.triggers TO PUBLIC;

DO $guard$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = 'dr_guard.marker'::pg_catalog.regclass) THEN
        CREATE TRIGGER dr_writer_lease BEFORE INSERT OR UPDATE OR DELETE ON dr_guard.marker
            FOR EACH STATEMENT EXECUTE FUNCTION dr_guard.refuse_or_ask();
        ALTER TABLE dr_guard.marker ENABLE ALWAYS TRIGGER dr_writer_lease;
        CREATE CONSTRAINT TRIGGER dr_check_at_commit AFTER INSERT ON dr_guard.check_at_commit
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dr_guard.refuse_without_lease();
        ALTER TABLE dr_guard.check_at_commit ENABLE ALWAYS TRIGGER dr_check_at_commit;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE evtfoid = 'dr_guard.ddl_begins()'::pg_catalog.regprocedure) THEN
        BEGIN
            CREATE EVENT TRIGGER dr_ddl_begins ON ddl_command_start EXECUTE FUNCTION dr_guard.ddl_begins();
            CREATE EVENT TRIGGER dr_ddl_ends ON ddl_command_end EXECUTE FUNCTION dr_guard.ddl_ends();
            CREATE EVENT TRIGGER dr_ddl_drops ON sql_drop EXECUTE FUNCTION dr_guard.ddl_drops();
            ALTER EVENT TRIGGER dr_ddl_begins ENABLE ALWAYS;
            ALTER EVENT TRIGGER dr_ddl_ends ENABLE ALWAYS;
            ALTER EVENT TRIGGER dr_ddl_drops ENABLE ALWAYS;
        EXCEPTION WHEN insufficient_privilege OR duplicate_object THEN
            NULL; -- `unguarded` says so
        END;
    END IF;
END $guard$;

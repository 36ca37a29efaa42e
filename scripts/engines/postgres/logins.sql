-- What those who log in to a database of the service may do: the services and the migrations in `dr_guard.logins`, which
-- `logins.keep` has let in. Can be applied again, and then touches only what is lacking. Waits for no table and no
-- transaction. Each service has its privileges itself, not from a group: a member could take them from all the others.
SET LOCAL search_path = pg_catalog, pg_temp;
DO $logins$
DECLARE each record; all_of_them text; services text;
BEGIN
    SELECT string_agg(quote_ident(role), ', '), string_agg(quote_ident(role), ', ') FILTER (WHERE role <> 'dr_migrate')
    INTO all_of_them, services FROM dr_guard.logins;
    IF NOT pg_has_role('dr_migrate', 'USAGE') THEN -- so that what it makes can be guarded
        EXECUTE format('GRANT dr_migrate TO %I', current_user);
    END IF;

    FOR each IN
        SELECT n.oid, quote_ident(n.nspname) AS name, string_agg(quote_ident(r.rolname), ', ') AS lacking,
               bool_or(r.rolname <> 'dr_migrate' AND has_schema_privilege(r.oid, n.oid, 'CREATE')) AS may_make
        FROM pg_namespace n CROSS JOIN dr_guard.logins l JOIN pg_roles r ON r.rolname = l.role
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'dr_guard') AND n.nspname NOT LIKE 'pg\_%'
          AND pg_has_role(n.nspowner, 'USAGE')
          AND (NOT has_schema_privilege(r.oid, n.oid, 'USAGE')
               OR has_schema_privilege(r.oid, n.oid, 'CREATE') <> (r.rolname = 'dr_migrate'))
        GROUP BY n.oid, n.nspname
    LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %s TO %s', each.name, each.lacking);
        EXECUTE format('GRANT CREATE ON SCHEMA %s TO dr_migrate', each.name);
        IF each.may_make THEN -- whoever makes a table could end its guard
            EXECUTE format('REVOKE CREATE ON SCHEMA %s FROM PUBLIC, %s', each.name, services);
        END IF;
    END LOOP;

    -- What was there before a service was. What a migration took from one on purpose is not given back.
    FOR each IN
        SELECT format('%I.%I', n.nspname, c.relname) AS name, c.relkind, string_agg(quote_ident(r.rolname), ', ') AS lacking
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN dr_guard.logins l JOIN pg_roles r ON r.rolname = l.role
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't' AND l.role <> 'dr_migrate'
          AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'dr_guard') AND n.nspname NOT LIKE 'pg\_%'
          AND pg_has_role(c.relowner, 'USAGE')
          AND NOT EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee = r.oid)
        GROUP BY n.nspname, c.relname, c.relkind
    LOOP
        IF each.relkind = 'S' THEN
            EXECUTE format('GRANT USAGE, SELECT, UPDATE ON SEQUENCE %s TO %s', each.name, each.lacking);
        ELSE
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE %s TO %s', each.name, each.lacking);
        END IF;
    END LOOP;

    -- What migrations make later. Not for what the owner makes: the guard's own tables are among it.
    IF services IS NOT NULL AND EXISTS (
        SELECT FROM dr_guard.logins l JOIN pg_roles r ON r.rolname = l.role
        WHERE l.role <> 'dr_migrate' AND NOT EXISTS (
            SELECT FROM pg_default_acl d CROSS JOIN LATERAL aclexplode(d.defaclacl) a
            WHERE d.defaclrole = 'dr_migrate'::regrole AND d.defaclobjtype = 'n' AND a.grantee = r.oid))
    THEN
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE dr_migrate '
            'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %s', services);
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE dr_migrate '
            'GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO %s', services);
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE dr_migrate GRANT USAGE ON SCHEMAS TO %s', services);
    END IF;

    IF EXISTS (SELECT FROM dr_guard.logins l JOIN pg_roles r ON r.rolname = l.role
               WHERE NOT has_table_privilege(r.oid, 'dr_guard.writer_lease', 'SELECT'))
    THEN
        EXECUTE format('GRANT SELECT ON dr_guard.writer_lease TO %s', all_of_them); -- which epoch a row is written in
    END IF;

    -- Not while it is closed, and it is not closed meanwhile (`dr_guard.close` waits for this lock; a renewal does not).
    PERFORM FROM dr_guard.writer_lease FOR KEY SHARE;
    IF NOT EXISTS (SELECT FROM dr_guard.closing) THEN
        IF EXISTS (SELECT FROM dr_guard.logins l JOIN pg_roles r ON r.rolname = l.role
                   WHERE NOT has_database_privilege(r.oid, current_database(), 'CONNECT'))
        THEN
            EXECUTE format('GRANT CONNECT ON DATABASE %I TO %s', current_database(), all_of_them);
        END IF;
        IF NOT has_database_privilege('dr_migrate', current_database(), 'CREATE') THEN -- schemas of its own
            EXECUTE format('GRANT CREATE ON DATABASE %I TO dr_migrate', current_database());
        END IF;
    END IF;
END $logins$;

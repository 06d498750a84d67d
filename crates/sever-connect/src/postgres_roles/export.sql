SELECT jsonb_pretty(jsonb_build_object(
  'postgres_roles', 1, 'database', current_database(), 'at', now(), 'version', current_setting('server_version'),
  'roles', (SELECT jsonb_agg(jsonb_build_object('name', r.rolname, 'login', r.rolcanlogin, 'super', r.rolsuper,
      'createrole', r.rolcreaterole, 'createdb', r.rolcreatedb, 'replication', r.rolreplication,
      'bypassrls', r.rolbypassrls, 'valid_until', nullif(r.rolvaliduntil::text, 'infinity'),
      'comment', shobj_description(r.oid, 'pg_authid')) ORDER BY r.rolname) FROM pg_roles r),
  'members', (SELECT jsonb_agg(jsonb_build_object('role', g.rolname, 'member', m.rolname, 'grantor', b.rolname,
      'admin', a.admin_option))
    FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
      LEFT JOIN pg_roles b ON b.oid = a.grantor),
  'objects', (WITH objects(kind, name, owner, acl) AS (
      SELECT 'database', quote_ident(datname), datdba, coalesce(datacl, acldefault('d', datdba)) FROM pg_database
      UNION ALL SELECT 'schema', quote_ident(current_database()) || '/' || quote_ident(nspname), nspowner,
          coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace
        WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
      UNION ALL SELECT CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'view' ELSE 'table' END,
          concat_ws('/', quote_ident(current_database()), quote_ident(n.nspname), quote_ident(c.relname)), c.relowner,
          coalesce(c.relacl, acldefault((CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", c.relowner))
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      UNION ALL SELECT 'function', concat_ws('/', quote_ident(current_database()), quote_ident(n.nspname),
          quote_ident(p.proname) || '()'), p.proowner, p.proacl
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND (p.prosecdef OR p.proacl IS NOT NULL)
      UNION ALL SELECT 'default', concat_ws('/', quote_ident(current_database()),
          coalesce(quote_ident(n.nspname), '+'), '*'), d.defaclrole, d.defaclacl
        FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace WHERE d.defaclobjtype = 'r')
    SELECT jsonb_agg(jsonb_build_object('kind', o.kind, 'name', o.name, 'owner', w.rolname, 'grants',
        (SELECT jsonb_agg(jsonb_build_object('grantee', coalesce(e.rolname, 'PUBLIC'), 'grantor', b.rolname,
            'privilege', x.privilege_type, 'grantable', x.is_grantable))
          FROM aclexplode(o.acl) x LEFT JOIN pg_roles e ON e.oid = x.grantee LEFT JOIN pg_roles b ON b.oid = x.grantor)))
      FROM objects o LEFT JOIN pg_roles w ON w.oid = o.owner)));

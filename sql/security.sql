-- Who may do what: every function, view and kind of statement, for the owner of a table, for roles
-- with privileges on the table, on columns of it, with none, and for a member of pg_monitor. What
-- can be done to a heap table, too, must come to the same there (unlike_heap, empty); the functions
-- and views of the extension have no twin.
SET client_min_messages = warning;
DROP ROLE IF EXISTS quire_regress_owner, quire_regress_granted, quire_regress_column,
  quire_regress_none, quire_regress_monitor;
RESET client_min_messages;
CREATE ROLE quire_regress_owner;
CREATE ROLE quire_regress_granted;
CREATE ROLE quire_regress_column;
CREATE ROLE quire_regress_none;
CREATE ROLE quire_regress_monitor IN ROLE pg_monitor;
CREATE SCHEMA security;
GRANT ALL ON SCHEMA security TO PUBLIC;
SET search_path = security;
GRANT USAGE ON FOREIGN SERVER quire TO quire_regress_owner;

SET ROLE quire_regress_owner;
CREATE FOREIGN TABLE d (_id int, n int, secret text, _doc jsonb, CHECK (n < 100)) SERVER quire;
INSERT INTO d SELECT i, i, 'secret ' || i FROM generate_series(1, 5) AS i;
GRANT SELECT, INSERT, UPDATE, DELETE ON d TO quire_regress_granted;
GRANT SELECT (_id, n), INSERT (_id, n), UPDATE (n) ON d TO quire_regress_column;
CREATE FOREIGN TABLE by_text (_id text, n int, _doc jsonb) SERVER quire;
CREATE FOREIGN TABLE by_uuid (_id uuid, n int, _doc jsonb) SERVER quire;
CREATE FOREIGN TABLE by_jsonb (_id jsonb, n int, _doc jsonb) SERVER quire;
INSERT INTO by_text VALUES ('a', 1);
INSERT INTO by_uuid VALUES ('0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a11', 1);
INSERT INTO by_jsonb VALUES ('[1]', 1);
GRANT SELECT, INSERT, UPDATE, DELETE ON by_text, by_uuid, by_jsonb TO quire_regress_granted;
GRANT SELECT (_id, n), INSERT (_id, n), UPDATE (n) ON by_text, by_uuid, by_jsonb
  TO quire_regress_column;
CREATE VIEW plain AS SELECT * FROM d WHERE n <> 3;
CREATE VIEW barrier WITH (security_barrier) AS SELECT _id, n, secret FROM d WHERE n <> 3;
CREATE VIEW via_function AS SELECT _id, quire.get('security.d', _id) AS doc FROM d;
CREATE VIEW put_view AS SELECT quire.put('security.d', 50, '{}') AS version;
GRANT SELECT, UPDATE ON plain, barrier TO quire_regress_none;
GRANT SELECT ON via_function, put_view TO quire_regress_none, quire_regress_granted;
CREATE FUNCTION as_owner(id int) RETURNS jsonb LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog AS $$ SELECT quire.get('security.d', id) $$;
RESET ROLE;

-- What becomes of a statement in a role: a value, the number of rows or the SQLSTATE. All of it is
-- undone.
CREATE FUNCTION try(role text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
  changed bigint;
BEGIN
  BEGIN
    PERFORM set_config('role', role, true);
    IF statement ~* '^(select|table)' THEN
      EXECUTE statement INTO result;
    ELSE
      EXECUTE statement;
      GET DIAGNOSTICS changed = ROW_COUNT;
      result := changed || ' rows';
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'QQQQQ', MESSAGE = coalesce(result, 'null');
  EXCEPTION
    WHEN SQLSTATE 'QQQQQ' THEN result := SQLERRM;
    WHEN OTHERS THEN result := SQLSTATE;
  END;
  RETURN result;
END $$;
CREATE FUNCTION matrix(statements text[])
RETURNS TABLE (statement text, owner text, granted text, "column" text, "none" text, monitor text)
LANGUAGE sql AS $$
  SELECT s, try('quire_regress_owner', s), try('quire_regress_granted', s),
         try('quire_regress_column', s), try('quire_regress_none', s),
         try('quire_regress_monitor', s)
    FROM unnest(statements) WITH ORDINALITY AS u (s, place) ORDER BY place
$$;

-- A heap table with the same rows and grants is d where its schema comes first.
CREATE SCHEMA security_twin;
GRANT ALL ON SCHEMA security_twin TO PUBLIC;
SET ROLE quire_regress_owner;
CREATE TABLE security_twin.d (_id int PRIMARY KEY, n int, secret text, _doc jsonb, CHECK (n < 100));
INSERT INTO security_twin.d SELECT * FROM d;
GRANT SELECT, INSERT, UPDATE, DELETE ON security_twin.d TO quire_regress_granted;
GRANT SELECT (_id, n), INSERT (_id, n), UPDATE (n) ON security_twin.d TO quire_regress_column;
CREATE VIEW security_twin.plain AS SELECT * FROM security_twin.d WHERE n <> 3;
CREATE VIEW security_twin.barrier WITH (security_barrier) AS
  SELECT _id, n, secret FROM security_twin.d WHERE n <> 3;
GRANT SELECT, UPDATE ON security_twin.plain, security_twin.barrier TO quire_regress_none;
RESET ROLE;
CREATE FUNCTION unlike_heap(statements text[]) RETURNS TABLE (collection text, heap text)
LANGUAGE plpgsql AS $$
DECLARE
  of_collection text[] := ARRAY(SELECT m::text FROM matrix(statements) AS m);
  of_heap text[];
BEGIN
  PERFORM set_config('search_path', 'security_twin, security', true);
  of_heap := ARRAY(SELECT m::text FROM matrix(statements) AS m);
  PERFORM set_config('search_path', 'security', true);
  RETURN QUERY SELECT c, h FROM unnest(of_collection, of_heap) AS u (c, h) WHERE c <> h;
END $$;

SELECT * FROM matrix(ARRAY[
  $$SELECT quire.get('d', 1) ->> 'secret'$$,
  $$SELECT quire.put('d', 9, '{"n": 9}')$$,
  $$SELECT quire.put('d', 1, '{"n": 9}')$$,
  $$SELECT quire.patch('d', 1, '{"n": 9}')$$,
  $$SELECT quire.delete('d', 1)$$,
  $$SELECT quire.get('d', 77) ->> 'secret'$$,
  $$SELECT quire.patch('d', 77, '{}')$$,
  $$SELECT quire.delete('d', 77)$$,
  $$SELECT quire.drop_collection('d')$$,
  $$SELECT quire.drop_collection('security', 'd')$$]);
-- These take a bigint for the id; the same for each other type of it.
SELECT * FROM matrix(ARRAY(
  SELECT format(call, rel, id)
    FROM (VALUES (1, 'by_text', $$'a'::text$$), (3, 'by_jsonb', $$'[1]'::jsonb$$),
                 (2, 'by_uuid', $$'0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a11'::uuid$$))
           AS t (t, rel, id),
         (VALUES (1, $$SELECT quire.get(%L, %s) -> 'n'$$), (2, $$SELECT quire.put(%L, %s, '{}')$$),
                 (3, $$SELECT quire.patch(%L, %s, '{}')$$), (4, $$SELECT quire.delete(%L, %s)$$))
           AS f (f, call)
   ORDER BY t, f));

-- Statements.
SELECT ARRAY['SELECT sum(n) FROM d', 'SELECT count(secret) FROM d', 'SELECT count(_doc) FROM d',
  'SELECT count(*) FROM d',
  'INSERT INTO d (_id, n) VALUES (9, 9)', 'INSERT INTO d (_id, secret) VALUES (9, ''x'')',
  'INSERT INTO d (_id, n) VALUES (9, 9) RETURNING n',
  'INSERT INTO d (_id, n) VALUES (9, 9) RETURNING secret',
  'INSERT INTO d (_id, n) VALUES (1, 9), (9, 9) ON CONFLICT DO NOTHING',
  'INSERT INTO d (_id, secret) VALUES (1, ''x'') ON CONFLICT DO NOTHING',
  'UPDATE d SET n = 9 WHERE _id = 1', 'UPDATE d SET secret = ''x''',
  'UPDATE d SET n = 9 WHERE secret = ''x''',
  'UPDATE d SET n = 9 WHERE _id = 1 RETURNING n',
  'UPDATE d SET n = 9 WHERE _id = 1 RETURNING secret',
  'UPDATE d SET n = 9 WHERE _id = 1 RETURNING d', 'UPDATE d SET n = length(secret)',
  'DELETE FROM d WHERE _id = 1', 'DELETE FROM d WHERE _id = 1 RETURNING secret', 'DELETE FROM d',
  'TRUNCATE d'] AS statements
\gset
SELECT * FROM matrix(:'statements');
SELECT * FROM unlike_heap(:'statements');
SELECT * FROM matrix('{ALTER FOREIGN TABLE d OPTIONS (ADD strict ''true''),DROP FOREIGN TABLE d}');
-- COPY, which no function can run.
\set VERBOSITY sqlstate
SET ROLE quire_regress_column;
BEGIN;
COPY d (_id, n) FROM STDIN;
20	20
\.
COPY (SELECT _id, n FROM d WHERE _id > 4 ORDER BY _id) TO STDOUT;
ROLLBACK;
\copy d (_id, secret) FROM /dev/null
\copy d FROM /dev/null
COPY (SELECT secret FROM d) TO STDOUT;
SET ROLE quire_regress_none;
\copy d (_id, n) FROM /dev/null
COPY (SELECT n FROM d) TO STDOUT;
COPY d TO STDOUT;
SET ROLE quire_regress_granted;
\copy d FROM /dev/null
COPY (SELECT secret FROM d WHERE _id > 4) TO STDOUT;
-- Not of a foreign table, whoever asks.
COPY d TO STDOUT;
RESET ROLE;
\set VERBOSITY default

-- Each privilege by itself.
CREATE ROLE quire_regress_one;
CREATE FUNCTION with_privilege(privilege text) RETURNS TABLE (privileges text, get text,
  put text, patch text, delete text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('GRANT %s ON d TO quire_regress_one', privilege);
  RETURN QUERY SELECT privilege,
    try('quire_regress_one', 'SELECT quire.get(''d'', 1) IS NOT NULL'),
    try('quire_regress_one', 'SELECT quire.put(''d'', 1, ''{}'')'),
    try('quire_regress_one', 'SELECT quire.patch(''d'', 1, ''{}'')'),
    try('quire_regress_one', 'SELECT quire.delete(''d'', 1)');
  EXECUTE format('REVOKE %s ON d FROM quire_regress_one', privilege);
END $$;
SELECT w.*
  FROM unnest('{SELECT,INSERT,UPDATE,DELETE,"INSERT, UPDATE","SELECT (_doc)"}'::text[]) AS p,
       with_privilege(p) AS w;
DROP ROLE quire_regress_one;

-- What is said about a row that a constraint refuses is what the role may read.
CREATE FUNCTION detail(role text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  PERFORM set_config('role', role, true);
  EXECUTE statement;
  RETURN 'none';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS result = PG_EXCEPTION_DETAIL;
  RETURN result;
END $$;
SELECT detail('quire_regress_granted', $$SELECT quire.patch('d', 1, '{"n": 100}')$$);
REVOKE SELECT ON d FROM quire_regress_granted;
SELECT detail('quire_regress_granted', $$SELECT quire.patch('d', 1, '{"n": 100}')$$);
SELECT detail('quire_regress_granted', 'UPDATE d SET n = 100');
SELECT detail('quire_regress_column', 'UPDATE d SET n = 100 WHERE _id = 1');
GRANT SELECT ON d TO quire_regress_granted;

-- Views: the view's owner counts for its table, whoever asks; for a function in it who asks does,
-- unless the function says otherwise.
SELECT ARRAY['SELECT count(secret) FROM plain', 'UPDATE plain SET n = 9 WHERE _id = 1',
  'SELECT count(*) FROM barrier', 'UPDATE barrier SET n = 9 RETURNING secret',
  'INSERT INTO barrier VALUES (9, 9, ''x'')', 'DELETE FROM barrier'] AS statements
\gset
SELECT * FROM matrix(:'statements');
SELECT * FROM unlike_heap(:'statements');
SELECT * FROM matrix(ARRAY['SELECT count(doc) FROM via_function', 'SELECT version FROM put_view',
  'SELECT as_owner(1) ->> ''secret''']);

-- The extension's own views and functions.
SELECT * FROM matrix(ARRAY[
  'SELECT count(*) FROM quire.collections WHERE namespace = ''security''',
  'SELECT sum(documents) FROM quire.collections WHERE namespace = ''security''',
  'SELECT count(*) FROM quire.stat_log', 'SELECT count(*) FROM quire.stat_log_row()',
  'SELECT count(*) FROM quire.progress', 'SELECT count(*) FROM quire.progress_row()',
  'SELECT count(DISTINCT purpose) FROM quire.stat_memory',
  'SELECT count(*) FROM quire.stat_memory_rows()', 'SELECT count(*) FROM quire.horizon_row()',
  'SELECT count(*) FROM quire.collection_tables', 'SELECT count(*) FROM quire.collection_catalog',
  'SELECT count(*) FROM quire.engine', 'SELECT quire.engine_id()', 'SELECT quire.backup_ready()',
  'INSERT INTO quire.collection_catalog VALUES (DEFAULT, ''x'', ''y'', 10, 23)',
  'UPDATE quire.engine SET engine_id = 1',
  'CREATE FOREIGN TABLE mine (_id int) SERVER quire',
  'CREATE FOREIGN DATA WRAPPER mine HANDLER quire.fdw_handler']);
-- With the right to declare tables, too, nobody declares one over a collection of others.
GRANT USAGE ON FOREIGN SERVER quire TO quire_regress_granted, quire_regress_column,
  quire_regress_none, quire_regress_monitor;
SELECT * FROM matrix(ARRAY[
  'CREATE FOREIGN TABLE mine (_id int) SERVER quire',
  'CREATE FOREIGN TABLE mine (_id int) SERVER quire OPTIONS (collection ''d'')']);
REVOKE USAGE ON FOREIGN SERVER quire FROM quire_regress_granted, quire_regress_column,
  quire_regress_none, quire_regress_monitor;
-- Figures that a collection's number is enough for.
SELECT format('{%1$s_documents(%2$s),%1$s_versions(%2$s),%1$s_bytes(%2$s) > 0}',
              'SELECT quire.collection', number) AS by_number
  FROM quire.collection_catalog WHERE namespace = 'security' AND name = 'd'
\gset
SELECT owner, granted, "column", "none", monitor FROM matrix(:'by_number');
-- A grant opens what only superusers may do.
GRANT EXECUTE ON FUNCTION quire.backup_ready() TO quire_regress_none;
SELECT try('quire_regress_none', 'SELECT quire.backup_ready() IS NULL');
REVOKE EXECUTE ON FUNCTION quire.backup_ready() FROM quire_regress_none;

-- Everything that the extension has made, and what PUBLIC may do with it. New functions must think
-- about this list.
SELECT p.oid::regprocedure AS function, p.proparallel AS parallel
  FROM pg_proc AS p
 WHERE p.pronamespace = 'quire'::regnamespace
   AND has_function_privilege('quire_regress_none', p.oid, 'EXECUTE')
 ORDER BY p.oid::regprocedure::text COLLATE "C";
SELECT c.oid::regclass AS relation FROM pg_class AS c
 WHERE c.relnamespace = 'quire'::regnamespace AND c.relkind IN ('r', 'v', 'S')
   AND has_table_privilege('quire_regress_none', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
 ORDER BY 1;
SELECT has_schema_privilege('quire_regress_none', 'quire', 'CREATE') AS "create in quire",
       has_server_privilege('quire_regress_none', 'quire', 'USAGE') AS "use server";
-- None of them runs with its owner's rights; if one did it would have to fix its search_path.
SELECT p.oid::regprocedure FROM pg_proc AS p
 WHERE p.pronamespace = 'quire'::regnamespace AND p.prosecdef;

-- A barrier is not passed: neither by conditions that tell of the hidden rows (3, below 99) or fail
-- on them, nor by keys, ranges, or joins.
SET ROLE quire_regress_none;
CREATE FUNCTION tell(value text) RETURNS bool LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
  IF value LIKE '%3' THEN RAISE NOTICE 'seen: %', value; END IF;
  RETURN true;
END $$;
CREATE FUNCTION tell(value int) RETURNS bool LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
  IF value IN (3, 99) THEN RAISE NOTICE 'seen: %', value; END IF;
  RETURN true;
END $$;
CREATE FUNCTION show_less(a int, b int) RETURNS bool LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
  IF a IN (3, 99) THEN RAISE NOTICE 'compared: %', a; END IF;
  RETURN a OPERATOR(pg_catalog.<) b;
END $$;
CREATE OPERATOR < (LEFTARG = int, RIGHTARG = int, PROCEDURE = show_less);
SELECT _id FROM barrier WHERE tell(secret) ORDER BY _id;
SELECT tell(3), tell('a 3');
SELECT _id FROM barrier WHERE 1 / (n - 3) > -100 ORDER BY _id;
SELECT _id FROM barrier WHERE secret::int = 3 AND n = 3;
SELECT _id FROM barrier WHERE (secret || n)::int IS NULL AND n = 3;
SELECT _id FROM barrier WHERE _id = 3;
SELECT _id FROM barrier WHERE _id BETWEEN 3 AND 4 AND tell(_id);
SELECT _id FROM barrier WHERE _id IN (2, 3) AND tell(n);
SELECT _id FROM barrier WHERE n OPERATOR(security.<) 2;
SELECT b._id FROM barrier AS b JOIN (VALUES (2), (3)) AS v (id) ON b._id = v.id WHERE tell(b.n);
UPDATE barrier SET n = n WHERE 1 / (n - 3) > -100 AND _id = 3;
UPDATE barrier SET n = n WHERE tell(secret) AND _id IN (2, 3);
-- Nor by semi-, anti- and outer joins, whose condition for the barrier's table would fail on 3.
CREATE TABLE ids AS SELECT i FROM generate_series(2, 4) AS i;
SELECT i FROM ids
  WHERE EXISTS (SELECT FROM barrier WHERE _id = i AND 1 / (n - 3) > -100 AND tell(secret))
  ORDER BY i;
SELECT i FROM ids
  WHERE NOT EXISTS (SELECT FROM barrier WHERE _id = i AND 1 / (n - 3) > -100 AND tell(secret));
SELECT i FROM ids WHERE EXISTS
  (SELECT FROM barrier WHERE n = i AND CASE WHEN n = 3 THEN secret::int > 0 ELSE tell(n) END)
  ORDER BY i;
SELECT i, n, secret FROM ids LEFT JOIN barrier ON _id = i AND 1 / (n - 3) > -100 AND tell(secret)
  ORDER BY i;
SELECT i, n FROM ids LEFT JOIN barrier ON n = i AND CASE WHEN n = 3 THEN secret::int > 0
                                                        ELSE tell(n) END ORDER BY i;
SELECT i, (SELECT max(n) FROM barrier WHERE _id = i AND 1 / (n - 3) > -100) FROM ids ORDER BY i;
-- Nor by a plan that was made for any value, and which asks whoever runs it for the privileges.
SET plan_cache_mode = force_generic_plan;
PREPARE behind(int) AS SELECT _id FROM barrier WHERE tell(secret) AND tell(n) AND _id = $1;
EXECUTE behind(2);
EXECUTE behind(3);
PREPARE failing(int) AS SELECT _id FROM barrier WHERE $1 / (n - 3) > -100 ORDER BY _id;
EXECUTE failing(1);
SET ROLE quire_regress_granted;
PREPARE reading(int) AS SELECT secret FROM d WHERE _id = $1;
PREPARE writing(int) AS UPDATE d SET n = n WHERE _id = $1;
EXECUTE reading(1);
EXECUTE writing(1);
\set VERBOSITY sqlstate
EXECUTE behind(2);
SET ROLE quire_regress_column;
EXECUTE reading(1);
EXECUTE writing(1);
SET ROLE quire_regress_none;
EXECUTE reading(1);
EXECUTE writing(1);
RESET ROLE;
REVOKE SELECT, UPDATE ON d FROM quire_regress_granted;
SET ROLE quire_regress_granted;
EXECUTE reading(1);
EXECUTE writing(1);
RESET ROLE;
\set VERBOSITY default
GRANT SELECT, UPDATE ON d TO quire_regress_granted;
RESET plan_cache_mode;

-- Row-level security of a partitioned table holds for its foreign partitions.
CREATE TABLE parted (_id int, n int, who text) PARTITION BY RANGE (_id);
CREATE FOREIGN TABLE part_1 PARTITION OF parted FOR VALUES FROM (0) TO (100) SERVER quire;
CREATE TABLE part_2 PARTITION OF parted FOR VALUES FROM (100) TO (200);
INSERT INTO parted SELECT i, i, CASE WHEN i % 2 = 0 THEN 'quire_regress_none' ELSE 'other' END
  FROM generate_series(98, 102) AS i;
ALTER TABLE parted ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON parted USING (who = current_user::text);
GRANT ALL ON parted TO quire_regress_none;
SET ROLE quire_regress_none;
SELECT * FROM parted WHERE tell(n) ORDER BY _id;
SELECT * FROM parted WHERE 1 / (n - 99) > -1000 ORDER BY _id;
SELECT * FROM parted WHERE _id = 99;
UPDATE parted SET n = n + 1 WHERE _id IN (98, 99) AND tell(n) RETURNING *;
DELETE FROM parted WHERE _id = 99 AND tell(n);
INSERT INTO parted VALUES (10, 1, 'other');
INSERT INTO parted VALUES (10, 1, 'quire_regress_none') RETURNING *;
UPDATE parted SET who = 'other' WHERE _id = 10;
UPDATE parted SET who = 'other' WHERE _id = 100;
UPDATE parted SET who = 'other', _id = 20 WHERE _id = 100;
UPDATE parted SET _id = 20 WHERE _id = 100 RETURNING tableoid::regclass, *;
SELECT quire.get('part_1', 99);
RESET ROLE;
-- And for one that inherits.
CREATE TABLE parent (_id int, n int, who text);
CREATE FOREIGN TABLE child () INHERITS (parent) SERVER quire;
INSERT INTO child VALUES (1, 1, 'quire_regress_none'), (3, 3, 'other');
ALTER TABLE parent ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON parent USING (who = current_user::text);
GRANT ALL ON parent TO quire_regress_none;
SET ROLE quire_regress_none;
SELECT * FROM parent WHERE tell(n);
UPDATE parent SET who = 'other' WHERE _id = 1;
UPDATE parent SET n = n + 1 WHERE tell(n) RETURNING *;
DELETE FROM parent WHERE _id = 3;
RESET ROLE;
SELECT * FROM parent ORDER BY _id;

-- What somebody puts into the search path is not used by the extension, whose views run with their
-- owner's rights.
CREATE SCHEMA evil;
GRANT ALL ON SCHEMA evil TO PUBLIC;
SET ROLE quire_regress_none;
CREATE FUNCTION evil.trap(a text, b text) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN RAISE NOTICE 'trapped as %', current_user; RETURN true; END $$;
CREATE FUNCTION evil.trap(a oid, b oid) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN RAISE NOTICE 'trapped as %', current_user; RETURN true; END $$;
CREATE FUNCTION evil.trap(a name, b name) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN RAISE NOTICE 'trapped as %', current_user; RETURN true; END $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, PROCEDURE = evil.trap);
CREATE OPERATOR evil.= (LEFTARG = oid, RIGHTARG = oid, PROCEDURE = evil.trap);
CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = name, PROCEDURE = evil.trap);
CREATE FUNCTION evil.pg_has_role(oid, text) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN RAISE NOTICE 'trapped as %', current_user; RETURN true; END $$;
CREATE FUNCTION evil.array_agg(anyelement) RETURNS text LANGUAGE sql AS $$ SELECT 'trapped' $$;
CREATE TABLE evil.pg_class AS SELECT 1 AS oid;
CREATE TABLE evil.engine AS SELECT 1 AS namespace_id;
CREATE TABLE evil.collection_catalog AS SELECT 1 AS number;
RESET ROLE;
SET search_path = evil, security, pg_catalog;
SELECT namespace, collection, owner, tables, documents FROM quire.collections
  WHERE namespace OPERATOR(pg_catalog.=) 'security' ORDER BY 2;
SELECT quire.get('d', 1);
CREATE FOREIGN TABLE security.again (_id int, n int CHECK (n > 0)) SERVER quire;
SELECT quire.put('again', 1, '{"n": 1}');
SELECT quire.drop_collection('security', 'again');
SET search_path = security;

SET client_min_messages = warning;
DROP SCHEMA security, security_twin, evil CASCADE;
REVOKE USAGE ON FOREIGN SERVER quire FROM quire_regress_owner;
DROP OWNED BY quire_regress_owner, quire_regress_granted, quire_regress_column, quire_regress_none,
  quire_regress_monitor;
DROP ROLE quire_regress_owner, quire_regress_granted, quire_regress_column, quire_regress_none,
  quire_regress_monitor;

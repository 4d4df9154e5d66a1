-- Who may do what: every function, view and kind of statement, for the owner of a table, for roles
-- with privileges on the table, on columns of it, with none, and for a member of pg_monitor.
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
SELECT * FROM matrix(ARRAY[
  'SELECT sum(n) FROM d', 'SELECT count(secret) FROM d', 'SELECT count(_doc) FROM d',
  'SELECT count(*) FROM d',
  'INSERT INTO d (_id, n) VALUES (9, 9)', 'INSERT INTO d (_id, secret) VALUES (9, ''x'')',
  'UPDATE d SET n = 9 WHERE _id = 1', 'UPDATE d SET secret = ''x''',
  'UPDATE d SET n = 9 WHERE secret = ''x''',
  'DELETE FROM d WHERE _id = 1', 'DELETE FROM d',
  'ALTER FOREIGN TABLE d OPTIONS (ADD strict ''true'')', 'DROP FOREIGN TABLE d']);
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
SELECT * FROM matrix(ARRAY[
  'SELECT count(secret) FROM plain', 'UPDATE plain SET n = 9 WHERE _id = 1',
  'SELECT count(*) FROM barrier', 'SELECT count(doc) FROM via_function',
  'SELECT version FROM put_view', 'SELECT as_owner(1) ->> ''secret''']);

-- The extension's own views and functions.
SELECT * FROM matrix(ARRAY[
  'SELECT count(*) FROM quire.collections WHERE namespace = ''security''',
  'SELECT string_agg(documents::text, '','') FROM quire.collections WHERE namespace = ''security''',
  'SELECT count(*) FROM quire.stat_log', 'SELECT count(*) FROM quire.progress',
  'SELECT count(DISTINCT purpose) FROM quire.stat_memory',
  'SELECT count(*) FROM quire.collection_tables', 'SELECT count(*) FROM quire.collection_catalog',
  'SELECT count(*) FROM quire.engine', 'SELECT quire.engine_id()', 'SELECT quire.backup_ready()',
  'INSERT INTO quire.collection_catalog VALUES (DEFAULT, ''x'', ''y'', 10, 23)',
  'UPDATE quire.engine SET engine_id = 1',
  'CREATE FOREIGN TABLE mine (_id int) SERVER quire',
  'CREATE FOREIGN TABLE mine (_id int) SERVER quire OPTIONS (collection ''d'')',
  'CREATE FOREIGN DATA WRAPPER mine HANDLER quire.fdw_handler']);
-- Numbers of documents that a collection's number is enough for.
SELECT format('SELECT quire.collection_documents(%s)', number) AS by_number
  FROM quire.collection_catalog WHERE namespace = 'security' AND name = 'd'
\gset
SELECT owner, granted, "column", "none", monitor FROM matrix(ARRAY[:'by_number']);
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
RESET ROLE;

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
DROP SCHEMA security, evil CASCADE;
REVOKE USAGE ON FOREIGN SERVER quire FROM quire_regress_owner;
DROP OWNED BY quire_regress_owner, quire_regress_granted, quire_regress_column, quire_regress_none,
  quire_regress_monitor;
DROP ROLE quire_regress_owner, quire_regress_granted, quire_regress_column, quire_regress_none,
  quire_regress_monitor;

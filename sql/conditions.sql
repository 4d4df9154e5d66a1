-- Conditions that the engine evaluates: the same answers as a heap
-- table's, for every kind of value.
\getenv source PG_ABS_SRCDIR
\i :source/sql/twin/harness.sql
CREATE SCHEMA conditions;
SET search_path = conditions;
SET timezone = 'Asia/Kathmandu';
\set VERBOSITY terse

CREATE FOREIGN TABLE docs (
  _id int, i2 int2 OPTIONS (path 'v.0'), i4 int4 OPTIONS (path '"a.b"'), i8 int8 OPTIONS (path 'w'),
  f4 float4 OPTIONS (path 'x.f'), f8 float8 OPTIONS (path 'x.g'), n numeric OPTIONS (path 'x.n'),
  n52 numeric(5,2) OPTIONS (path 'x.m'), b bool, t text COLLATE "C", tx text, vc varchar(3), c
  char(5),
  ba bytea, u uuid, d date, ts timestamp, ts1 timestamp(1), tz timestamptz, j jsonb, a int[],
  _doc jsonb, _version bigint) SERVER quire;
CALL twin.make('docs');
-- Every value under every path.
CREATE FUNCTION documents() RETURNS TABLE (id int, doc jsonb) LANGUAGE sql AS $$
  SELECT n::int, jsonb_build_object('_id', n, 'v', jsonb_build_array(v), 'a.b', v, 'w', v, 'x',
    jsonb_build_object('f', v, 'g', v, 'n', v, 'm', v), 'b', v, 't', v, 'tx', v, 'vc', v, 'c', v,
    'ba', v, 'u', v, 'd', v, 'ts', v, 'ts1', v, 'tz', v, 'j', v, 'a', v)
  FROM unnest(ARRAY[
    '12', '-12.50', '12.0', '3e9', '0.1', '-0.0', '0', '1', '2', '2.5', '1234.565', '999.994',
    '999.995',
    '32767', '32768', '-32769', '2147483647', '2147483648', '9223372036854775807',
    '9223372036854775808', '9007199254740993', '16777217', '0.30000000000000004', '1e23',
    '3.4028235e38',
    '1e39', '1.8e308', '1e400', '-1e400', '1e-400', '5e-324', '1e-46',
    '123456789012345678901234567890.123456789', '1.100000023841857910156250000001',
    'true', 'false', 'null', '""', '"a"', '"abc"', '"abcd"', '"naïf"', '"nä"', '"  "', '"ab "',
    '"B"',
    '"007"', '"-7"', '"+7"', '" 7"', '"7.0"', '"1e2"', '"1e400"', '"NaN"', '"nan"', '"Infinity"',
    '"-Infinity"', '"infinity"', '"-infinity"', '"true"', '"false"', '"t"', '"\\x"', '"\\x00ff"',
    '"\\x0"',
    '"0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a11"', '"0E3D1C5A-5B8F-7C3E-9A1B-2F6D4C8E0A12"',
    '"2024-02-29"', '"2024-03-01"', '"0044-03-15 BC"', '"2024-02-29T12:30:00"',
    '"2024-02-29T12:30:00.55"', '"2024-02-29T12:30:00Z"', '"2024-02-29T12:30:00+05:30"',
    '[]', '[1, 2, null]', '{}']::jsonb[]) WITH ORDINALITY AS x (v, n)
  UNION ALL SELECT 100, '{}'
$$;
CALL twin.run($$ INSERT INTO docs (_id, _doc) SELECT id, doc FROM documents() $$);
CALL twin.run($$ INSERT INTO docs (_id, u, tz, ba, f4, f8) VALUES
  (101, '0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a11', '2024-02-29 12:30Z', '\x00ff', '0.1', '0.1'),
  (102, NULL, 'infinity', '', 'NaN', '-0') $$);

-- Runs a query for each condition, and says whether the engine alone evaluated it.
CREATE FUNCTION server_filter(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT json) ' || statement INTO plan;
  RETURN plan->0->'Plan'->>'Filter';
END $$;
CREATE PROCEDURE pushed(conditions text[]) LANGUAGE plpgsql AS $$
DECLARE
  condition text;
BEGIN
  FOREACH condition IN ARRAY conditions LOOP
    PERFORM twin.compare('SELECT _id FROM docs WHERE ' || condition, '00000');
    PERFORM twin.compare('SELECT _id FROM docs WHERE NOT (' || condition || ')', '00000');
    PERFORM twin.compare('SELECT _id FROM docs WHERE (' || condition || ') IS UNKNOWN', '00000');
    PERFORM twin.compare('SELECT _id FROM docs WHERE (' || condition || ') IS NOT TRUE OR _id < 9',
                         '00000');
    IF server_filter('SELECT _id FROM docs WHERE ' || condition) IS NOT NULL THEN
      RAISE WARNING 'The server evaluates %', condition;
    END IF;
  END LOOP;
END $$;

-- Each operator on each type, with a constant of it that some documents have.
DO $$
DECLARE
  x text[];
  operator text;
BEGIN
  FOR x IN SELECT regexp_match(c, '^\s*(\S+) (.*)$') FROM unnest(
  '{i2 12,i4 5,i8 12,f4 0.1::float4,f8 0.1,f8 ''NaN'',f4 ''-Infinity'',n 12.00,n ''NaN'',
    n52 999.99,b true,
    t ''ab '',t ''naïf'',ba ''\\x00ff'',u ''0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a11'',d ''2024-02-29'',
    ts ''2024-02-29 12:30'',ts1 ''2024-02-29 12:30:00.6'',tz ''2024-02-29 12:30Z'',i8 12::int2,
    i2 32767::int8,
    i4 5::int2,f8 0.1::float4,f4 0.1::float8,n 1,n 1e400,n -1e-400}'::text[]) AS c LOOP
    FOREACH operator IN ARRAY '{=,<>,<,<=,>,>=,IS DISTINCT FROM}'::text[] LOOP
      CALL pushed(ARRAY[format('%s %s %s', x[1], operator, x[2]),
        format('%s %s %s', x[2], operator, x[1])]);
    END LOOP;
  END LOOP;
END $$;
CALL pushed(ARRAY[
  -- NULLs, truths, joins of conditions.
  'i4 IS NULL', 'n52 IS NOT NULL', 'vc IS NULL', 'vc IS NOT NULL AND t < ''b''', 'j IS NULL',
  'j IS NOT NULL',
  'b', 'NOT b', 'b IS TRUE', 'b IS NOT FALSE', 'b IS UNKNOWN', 'b OR i8 > 5',
  'b AND (t = ''true'' OR f8 > 0)',
  'NOT (b AND n > 5) OR d IS NOT NULL', 'vc = ''abc''', 'vc <> ''nä''',
  'tx = ''naïf''', 'tx <> ''abc''', 'tx IN (''a'', ''abc'', ''7'')', 'i8 BETWEEN 2 AND 12',
  'i8 NOT BETWEEN 2 AND 12', 'n BETWEEN -13 AND 0.5', 'i8 IS DISTINCT FROM NULL', '_version = 1',
  '_id <> 7 AND _version < 2', 't < tx COLLATE "C"', 'i8 = n', 'f8 > f4', 'i8 = f8', 'n > i4',
  'd = d', 'i4 IN (i2, 5)',
  -- Lists.
  'i8 IN (1, 2, 12)', 'i8 NOT IN (1, 2, 12)', 'i8 IN (1, NULL)', 'i8 NOT IN (1, NULL)',
  'i8 = ANY (''{}'')', 'i8 <> ALL (''{}'')', 'i8 = ANY (NULL::int8[])', 'i8 < ANY (''{1, 5}'')',
  'i8 >= ALL (''{1, 5}'')', 'i8 = ANY (''{1,2,3,4,5,6,7,8,9,10,11,12,NULL}'')',
  'n IN (12, 0.1, ''NaN'')',
  'n NOT IN (12, 0.1, 1e400, 1, 2, 3, 4, 5, 6, 7, 8)',
  'f8 IN (0, 0.1, ''NaN'', 1, 2, 3, 4, 5, 6, 7)',
  't IN (''a'', '''', ''abc'', ''b'', ''c'', ''d'', ''e'', ''f'', ''true'')', 't > ALL (''{a,7}'')',
  'u IN (''0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a11'', NULL)', 'd IN (''2024-02-29'', ''infinity'')',
  -- Casts between the number types.
  'i4 = 5.0', 'i8 < 12.5', 'i2 > 0.5::numeric', 'i8 = 9007199254740992::float8', 'i4 < 1.5::float4',
  'i8::float4 = 9007199254740992', 'i8::float8 > f8', 'i2::int8 = 12', 'f4::float8 = 0.1',
  'i4::numeric IN (5.0, 7)',
  'i8::numeric = ANY (''{12.0, 9223372036854775807}'')'
]);

-- What the server keeps: what could fail, what it alone knows, and what no type of the list has.
-- It is
-- right as well.
CREATE PROCEDURE kept(conditions text[]) LANGUAGE plpgsql AS $$
DECLARE
  condition text;
BEGIN
  FOREACH condition IN ARRAY conditions LOOP
    PERFORM twin.compare('SELECT _id FROM docs WHERE ' || condition, '00000');
    IF server_filter('SELECT _id FROM docs WHERE ' || condition) IS NULL THEN
      RAISE WARNING 'The engine evaluates %', condition;
    END IF;
  END LOOP;
END $$;
CREATE COLLATION alike (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CALL kept(ARRAY[
  'tx < ''b''', 'tx = ''abc'' COLLATE alike', 'c = ''ab''', 'c IS NULL', 't LIKE ''a%''',
  'i4 - 1 > 3',
  'i4::bool', 'a IS NULL', 'a = ''{}''', 'd < tz', 'j = ''1''', 'j->>0 = ''1''', 'length(t) > 3',
  'docs IS NULL', 'f8::numeric > 1', 'abs(i8) > i4', '(b IS TRUE) = (t = ''true'')',
  't = ''a'' OR random() > 2', 'i8 > (SELECT count(*) FROM pg_class WHERE relkind = b::text)'
]);
-- A mixture: each on its side.
EXPLAIN (COSTS OFF) SELECT t FROM docs WHERE i8 > 5 AND i4 + 1 > 3 AND (b OR f8 < 7) AND j IS NOT
  NULL;
CALL twin.run($$ SELECT t FROM docs WHERE i8 > 1 AND i2 + 1 > 3 AND (b OR f8 < 70) AND j IS NOT
  NULL $$);

-- UPDATE and DELETE in the scan.
CALL twin.run($$
  UPDATE docs SET i8 = i8 + 1 WHERE n BETWEEN 0 AND 12 AND i8 IS NOT NULL;
  UPDATE docs SET t = 'changed' WHERE b OR d > '2024-01-01' RETURNING _id, t;
  UPDATE docs SET i8 = 0 WHERE _id < 10 AND _version = 2 AND length(t) > 1;
  DELETE FROM docs WHERE f8 = 'NaN' RETURNING _id;
  SELECT _id, i8, t, _version FROM docs ORDER BY _id;
$$);
EXPLAIN (COSTS OFF) UPDATE docs SET i8 = 0 WHERE n < 7 AND length(t) > 1;
-- The counts.
CREATE FOREIGN TABLE counted (_id int, a int, b text) SERVER quire;
INSERT INTO counted SELECT i, i % 10, 'x' FROM generate_series(1, 100) AS i;
BEGIN;
UPDATE counted SET b = 'y' WHERE a = 1;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT b FROM counted WHERE a < 3;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT count(*) FROM counted WHERE a < 3;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, FORMAT json)
  SELECT a FROM counted WHERE _id = 4 AND a < 3;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)
  DELETE FROM counted WHERE a < 3 AND length(b) = 1;
ROLLBACK;
-- Parameters: one plan for all values.
SET plan_cache_mode = force_generic_plan;
PREPARE by_value(int, text) AS SELECT _id FROM counted WHERE a = $1 AND b = $2 ORDER BY _id LIMIT 3;
PREPARE by_choice(int) AS SELECT count(*) FROM counted WHERE a = $1 OR $1 IS NULL;
PREPARE by_list(int[]) AS SELECT count(*) FROM counted WHERE a = ANY ($1);
PREPARE by_number(numeric) AS SELECT count(*) FROM counted WHERE a < $1;
PREPARE change(int) AS UPDATE counted SET b = 'z' WHERE a = $1;
EXPLAIN (COSTS OFF) EXECUTE by_value(1, 'x');
EXPLAIN (COSTS OFF) EXECUTE by_choice(1);
EXECUTE by_value(1, 'x');
EXECUTE by_value(2, 'x');
EXECUTE by_value(NULL, 'x');
EXECUTE by_choice(3);
EXECUTE by_choice(NULL);
EXECUTE by_list('{1,2,NULL}');
EXECUTE by_list('{}');
EXECUTE by_list(NULL);
EXECUTE by_number(2.5);
EXECUTE by_number('NaN');
EXECUTE change(7);
EXECUTE change(8);
SELECT count(*) FROM counted WHERE b = 'z';
-- They follow changes of the table.
ALTER FOREIGN TABLE counted ALTER COLUMN a OPTIONS (ADD path 'c');
EXECUTE by_choice(3);
ALTER FOREIGN TABLE counted ALTER COLUMN a OPTIONS (DROP path);
EXECUTE by_choice(3);
DEALLOCATE ALL;
RESET plan_cache_mode;
-- What an expression is now, and not when it was planned.
SELECT count(*) FROM docs WHERE tz > now() - interval '10 years' AND tz <= 'infinity';
CREATE FUNCTION in_plpgsql(limit_ int) RETURNS bigint LANGUAGE plpgsql AS
  'BEGIN RETURN (SELECT count(*) FROM counted WHERE a < limit_); END';
SELECT string_agg(in_plpgsql(i)::text, ' ') FROM generate_series(0, 12) AS i;

-- Rows of other tables give the values.
CREATE TABLE limits AS SELECT l FROM generate_series(0, 9, 3) AS l;
ANALYZE limits;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SET enable_memoize = off;
SELECT l, (SELECT count(*) FROM counted WHERE a < l AND b <> 'z') FROM limits ORDER BY l;
SELECT l, n FROM limits, LATERAL (SELECT count(*) AS n FROM counted WHERE a < l) AS x ORDER BY l;
EXPLAIN (COSTS OFF) SELECT l, x.* FROM limits,
  LATERAL (SELECT b FROM counted WHERE a < l AND _id = l + 1 OFFSET 0) AS x;
SELECT l, x.* FROM limits, LATERAL (SELECT b FROM counted WHERE a < l + 2 AND _id = l + 1 OFFSET
  0) AS x ORDER BY l;
SELECT count(*) FROM limits JOIN counted ON _id = l AND b = 'x' AND a = l;
-- What does not depend on those rows is computed once.
CREATE FUNCTION tells_once(int) RETURNS int[] IMMUTABLE LANGUAGE plpgsql AS
  'BEGIN RAISE NOTICE ''computed''; RETURN ARRAY[$1, 2]; END';
SET plan_cache_mode = force_generic_plan;
PREPARE once(int) AS SELECT l, n FROM limits,
  LATERAL (SELECT count(*) AS n FROM counted WHERE a < l AND a = ANY (tells_once($1))) AS x
  ORDER BY l;
EXECUTE once(1);
EXECUTE once(5);
DEALLOCATE once;
RESET plan_cache_mode;
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_material;
RESET enable_memoize;

-- An operand is computed before any document is met. One that could fail stays where something may
-- guard it.
PREPARE guarded(int) AS SELECT count(*) FROM counted WHERE ($1 = 0 OR a > 10 / $1);
PREPARE unguarded(int) AS SELECT count(*) FROM counted WHERE (b = 'z' OR a > 10 / $1);
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE guarded(0);
EXPLAIN (COSTS OFF) EXECUTE unguarded(1);
EXECUTE guarded(0);
EXECUTE guarded(2);
EXECUTE unguarded(2);
RESET plan_cache_mode;
-- Values of other tables are as many as their rows, and any condition may be the guard of one.
CALL twin.run($$
  SELECT l, (SELECT count(*) FROM docs WHERE _id > 0 OR i8 > 10 / l) FROM limits;
  SELECT l, (SELECT count(*) FROM docs WHERE _id < 0 AND i8 > 10 / l) FROM limits;
  SELECT l, (SELECT count(*) FROM docs WHERE CASE WHEN _id > 0 THEN i8 > 2 ELSE i8 > 10 / l END)
    FROM limits;
  SELECT l, n FROM limits,
    LATERAL (SELECT count(*) AS n FROM docs WHERE t = 'absent' AND i8 = ANY (ARRAY[10 / l])) AS x;
  SELECT l FROM limits LEFT JOIN docs ON _id = l AND (t IS NULL OR i8 > 10 / l) AND l > 0;
$$);
CALL twin.fail('22012', $$
  SELECT l, (SELECT count(*) FROM docs WHERE i8 > 10 / l) FROM limits
$$);
EXPLAIN (COSTS OFF) SELECT (SELECT count(*) FROM counted WHERE b = 'z' OR a > 10 / l) FROM limits;
EXPLAIN (COSTS OFF) SELECT (SELECT count(*) FROM counted WHERE b = 'z' OR a > l) FROM limits;

-- Behind a barrier, nothing that could tell about hidden rows runs early; what cannot fail may.
CREATE VIEW open_rows WITH (security_barrier) AS SELECT _id, a, b FROM counted WHERE a < 2;
EXPLAIN (COSTS OFF) SELECT * FROM open_rows WHERE b = 'x';
EXPLAIN (COSTS OFF) SELECT * FROM open_rows WHERE 10 / (a - 5) > 0 AND a > 0;
SELECT count(*) FROM open_rows WHERE 10 / (a - 5) < 0 AND a > 0;
CREATE FUNCTION tell(int) RETURNS int LANGUAGE plpgsql STABLE COST 0.0001 AS
  'BEGIN RAISE NOTICE ''%'', $1; RETURN $1; END';
SELECT count(*) FROM open_rows WHERE tell(a) = 1 AND _id < 12;

-- Limits: a condition that is too deep, or too long, is the server's.
CREATE FUNCTION nested(depth int) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(format('(a = %s %s ', i, (ARRAY['OR b <> ''m'' AND', 'AND b = ''y'' OR'])[i %
  2 + 1]),
                    '') || 'a = 0' || repeat(')', depth) FROM generate_series(1, depth) AS i
$$;
SELECT d, server_filter('SELECT * FROM counted WHERE ' || nested(d)) IS NULL AS pushed
  FROM unnest('{5,10,40,100}'::int[]) AS d;
SELECT n, server_filter('SELECT * FROM counted WHERE ' ||
    (SELECT string_agg('a = ' || i || ' AND b = ''x''', ' OR ') FROM generate_series(1, n) AS i))
    IS NULL
    AS pushed
  FROM unnest('{10,500,2000}'::int[]) AS n;
-- Conditions that are short enough each may be many.
DO $$
DECLARE
  many text := 'SELECT _id FROM docs WHERE ' ||
    (SELECT string_agg(format('(i8 <> %s OR t = ''x'' OR n IS NULL)', i), ' AND ')
       FROM generate_series(1, 700) AS i);
BEGIN
  PERFORM twin.compare(many, '00000');
  RAISE NOTICE 'pushed: %', server_filter(many) IS NULL;
END $$;

TABLE twin.report;
CALL twin.finish('conditions');

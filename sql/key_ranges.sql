-- Ranges of keys, read by the engine in the order of the keys.
\getenv source PG_ABS_SRCDIR
\i :source/sql/twin/harness.sql
CREATE SCHEMA key_ranges;
CREATE SCHEMA key_ranges_twin;
SET search_path = key_ranges;
SET client_min_messages = warning;

-- Compares a query on both. Says how many rows there are, and what the plan looks up.
CREATE FUNCTION ask(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  rows bigint;
  line text;
  how text := '';
BEGIN
  PERFORM twin.compare(query, '00000');
  EXECUTE 'SELECT count(*) FROM (' || query || ') x' INTO rows;
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
    how := how || coalesce(' by ' || substring(line from '^ *Key: (.*)'), '');
  END LOOP;
  RETURN rows || how;
END $$;
-- Conditions, separated by semicolons.
CREATE FUNCTION ask_all(conditions text) RETURNS TABLE (condition text, answer text)
  LANGUAGE sql AS $$
    SELECT c, ask('SELECT * FROM d WHERE ' || c)
      FROM regexp_split_to_table(conditions, ';\s*') AS c
$$;

CREATE SEQUENCE made;
CREATE FUNCTION make_tables(type text, keys text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DROP FOREIGN TABLE IF EXISTS d;
  DROP TABLE IF EXISTS key_ranges_twin.d;
  EXECUTE format('CREATE FOREIGN TABLE d (_id %s, n int) SERVER quire OPTIONS (collection %L)',
                 type, 'ranges ' || nextval('made'));
  EXECUTE format('CREATE TABLE key_ranges_twin.d (_id %s PRIMARY KEY, n int)', type);
  INSERT INTO key_ranges_twin.d
    SELECT (jsonb_populate_record(NULL::key_ranges_twin.d,
                                  jsonb_build_object('_id', k, 'n', n))).*
      FROM unnest(keys) WITH ORDINALITY AS u (k, n);
  INSERT INTO d SELECT * FROM key_ranges_twin.d ORDER BY n % 7, n;
END $$;

-- Integers, also against operands of other widths and beyond the key's own range.
SELECT make_tables('int', (SELECT array_agg(i * 3 - 1000)::text[] FROM generate_series(0, 999) i) ||
  '{-2147483648,2147483647,-2147483647,2147483646}');
SELECT * FROM ask_all($$_id < -950; _id <= -949; _id >= 1990; _id > 1991; -950 > _id; 1990 < _id;
  _id BETWEEN 10 AND 40; _id BETWEEN 40 AND 10; _id NOT BETWEEN 10 AND 1990;
  _id > 10 AND _id < 12; _id >= 11 AND _id <= 11; _id > 11 AND _id < 11; _id > 11 AND _id <= 11;
  _id >= 11 AND _id < 11; _id > 5 AND _id > 999 AND _id >= 900 AND _id < 1100 AND _id <= 1040;
  _id > -2147483648 AND _id < -990; _id >= -2147483648 AND _id <= -990; _id > 2147483646;
  _id < 5000000000; _id > 5000000000; _id >= -9223372036854775808; _id > 9223372036854775807;
  _id < 30::int2 AND _id > -30::int8; _id > 1990.5; _id > '1990'; _id < NULL;
  _id > 10 AND _id < NULL; _id BETWEEN NULL AND 10; _id > 1900 AND n % 2 = 0;
  _id > 1980 AND _id IN (1982, 1983, 1985); _id < 0 OR _id > 1990; NOT _id < 1990;
  _id > (SELECT 1985); _id <> 2; _id > n + 1000 AND _id > 1000 AND n > 990;
  _id > 1990 AND _id IS NOT NULL; _id > random() * 0 + 1990; (_id, n) > (1990, 5)$$);

SELECT make_tables('int2', (SELECT array_agg(i)::text[] FROM generate_series(-300, 300) AS i) ||
  '{-32768,32767}');
SELECT answer FROM ask_all($$_id < -299; _id > 299::int8; _id > 40000; _id < 40000;
  _id >= 32767; _id > 32767; _id <= -32768; _id < -32768$$);

SELECT make_tables('int8', (SELECT array_agg(i * 100000000)::text[]
  FROM generate_series(-300::int8, 300) AS i) ||
  '{-9223372036854775808,9223372036854775807,9007199254740992,9007199254740993,
    9007199254740994,-9007199254740993}');
SELECT answer FROM ask_all($$_id < -29900000000; _id > 9007199254740992; _id >= 9007199254740993;
  _id > 9007199254740993 AND _id < 9223372036854775807; _id > 9223372036854775806;
  _id >= 9223372036854775807; _id > 9223372036854775807; _id < -9223372036854775808;
  _id <= -9223372036854775808; _id <= -9007199254740993; _id BETWEEN -5::int2 AND 5::int4$$);

SELECT make_tables('uuid',
  (SELECT array_agg(md5(i::text)::uuid)::text[] FROM generate_series(1, 500) AS i) ||
  '{00000000-0000-0000-0000-000000000000,ffffffff-ffff-ffff-ffff-ffffffffffff}');
SELECT answer FROM ask_all($$_id < '10000000-0000-0000-0000-000000000000';
  _id > 'f0000000-0000-0000-0000-000000000000'; _id <= '00000000-0000-0000-0000-000000000000';
  _id < '00000000-0000-0000-0000-000000000000'; _id > 'ffffffff-ffff-ffff-ffff-ffffffffffff';
  _id > '7f000000-0000-0000-0000-000000000000' AND _id < '81000000-0000-0000-0000-000000000000'$$);

-- Texts: the bytes' order is C's only. Prefixes are bytes under every deterministic collation.
CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT make_tables('text COLLATE "C"',
  (SELECT array_agg(chr(97 + i % 26) || i) FROM generate_series(0, 519) AS i) ||
  ARRAY['', 'A', 'Z', '~', 'ä', 'äa', 'ö', 'zz', 'a%', 'a_', 'a\', '€', U&'\+10FFFF',
        repeat('x', 1022), repeat('x', 1021), E'a\x01', 'a b']);
SELECT * FROM ask_all($$_id < 'a1'; _id <= 'a1'; _id > 'ö'; _id >= 'ö'; _id < ''; _id <= '';
  _id > ''; _id BETWEEN 'A' AND 'a1'; _id >= 'b1'::varchar AND _id < 'b3';
  _id > 'b1'::bpchar AND _id < 'b3'; _id > 'z' COLLATE "POSIX"; _id > 'y9' COLLATE "en-x-icu";
  _id COLLATE caseless > 'Y9'; _id LIKE 'b1%'; _id LIKE 'b1_'; _id LIKE 'b1'; _id LIKE '%1';
  _id LIKE '_1%'; _id LIKE 'a\%'; _id LIKE 'a\\%'; _id LIKE 'a\_'; _id LIKE ''; _id LIKE '%';
  _id LIKE 'ä%'; _id LIKE 'zz%'; _id LIKE 'b1%' COLLATE "en-x-icu"; _id LIKE 'b1!%%' ESCAPE '!';
  _id NOT LIKE 'a%' AND _id < 'b1'; _id LIKE NULL; _id ^@ 'b1'; _id ^@ ''; _id ^@ NULL;
  starts_with(_id, 'ä'); _id ILIKE 'B1%'; _id LIKE (SELECT 'b1%'); _id ^@ (SELECT 'b1')$$);
SELECT left(condition, 12), regexp_replace(answer, 'xxx+', 'x…', 'g') FROM ask_all(
  replace(replace($$_id > 'x1022'; _id >= 'x1022'; _id > 'x1500' AND _id < 'y';
    _id < 'x1500' AND _id > 'x9'; _id = 'x1500'; _id ^@ 'x1500'; _id LIKE 'x1022%'$$,
    'x1022', repeat('x', 1022)), 'x1500', repeat('x', 1500)));
CALL twin.fail('0A000', $$ SELECT count(*) FROM d WHERE _id COLLATE caseless LIKE 'b1%' $$);
SELECT make_tables('text COLLATE "en-x-icu"',
  (SELECT array_agg(chr(97 + i % 26) || i) FROM generate_series(0, 519) AS i) ||
  '{A,Z,ä,B1,"b 1"}');
SELECT * FROM ask_all($$_id < 'a1'; _id > 'z'; _id > 'z' COLLATE "C"; _id LIKE 'b1%';
  _id ~>=~ 'z'$$);
CREATE FUNCTION order_of(condition text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) SELECT FROM d ORDER BY ' || condition || ' LIMIT 1';
END $$;
-- Only the bytes' order needs no sort.
SELECT o, line FROM unnest('{_id,"_id COLLATE \"C\" DESC","_id COLLATE \"POSIX\""}'::text[]) AS o,
  order_of(o) AS line WHERE line ~ 'Order|Sort Key';
SELECT make_tables('jsonb', (SELECT array_agg(i)::text[] FROM generate_series(1, 20) AS i));
SELECT * FROM ask_all($$_id > '"15"'; _id BETWEEN '1' AND '"3"'$$);
SELECT order_of('_id');

-- Joins: bounds from other tables, once per row of them.
SELECT make_tables('int', (SELECT array_agg(i)::text[] FROM generate_series(1, 2000) AS i));
CREATE TABLE bounds (low int, high int8);
INSERT INTO bounds VALUES (5, 9), (NULL, 3), (3, NULL), (9, 5), (1995, 5000000000);
ANALYZE bounds, key_ranges_twin.d;
SELECT q, ask(q) FROM unnest(ARRAY[
  'SELECT * FROM bounds b JOIN d ON _id BETWEEN low AND high',
  'SELECT * FROM bounds b LEFT JOIN d ON _id > low AND _id < high AND n > 6',
  'SELECT low, x.* FROM bounds, LATERAL (SELECT * FROM d WHERE _id > low AND _id <= low + 2) x',
  'SELECT low, (SELECT count(*) FROM d WHERE _id < low) FROM bounds',
  'SELECT low FROM bounds WHERE EXISTS (SELECT FROM d WHERE _id > low AND _id < low + 3)',
  'SELECT a._id, b._id FROM d a JOIN d b ON b._id BETWEEN a._id AND a._id + 1 WHERE a._id > 1997',
  'SELECT * FROM bounds JOIN d ON _id = low AND _id > 4'
]) AS q;

-- The key is unique, whatever else is asked of it.
EXPLAIN (COSTS OFF) SELECT low FROM bounds LEFT JOIN d ON d._id = low AND d._id > 4 AND n > 3;

-- Order: that of the keys, from either end, without sorting.
CREATE FUNCTION ask_in_order(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  how text := '';
BEGIN
  PERFORM twin.compare(query, '00000');
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
    how := how || coalesce(' ' || substring(line from 'Key Order: (.*)'), '')
               || CASE WHEN line LIKE '%Sort Key%' THEN ' sorted' ELSE '' END;
  END LOOP;
  RETURN btrim(how);
END $$;
SELECT q, ask_in_order(q) FROM unnest(ARRAY[
  'SELECT * FROM d ORDER BY _id LIMIT 3', 'SELECT * FROM d ORDER BY _id DESC LIMIT 3',
  'SELECT * FROM d ORDER BY _id DESC NULLS LAST OFFSET 1990',
  'SELECT * FROM d ORDER BY _id NULLS FIRST OFFSET 1990',
  'SELECT * FROM d WHERE _id > 1000 AND n % 3 = 0 ORDER BY _id LIMIT 5',
  'SELECT * FROM d WHERE _id < 1000 ORDER BY _id DESC, n LIMIT 5',
  'SELECT * FROM d WHERE _id BETWEEN 7 AND 5 ORDER BY _id DESC LIMIT 5',
  'SELECT * FROM d ORDER BY -_id LIMIT 5', 'SELECT * FROM d ORDER BY _id::int8 LIMIT 5',
  'SELECT max(_id) FROM d', 'SELECT min(_id) FROM d WHERE _id > 17 AND n <> 18',
  'SELECT DISTINCT _id FROM d WHERE n > 1990 ORDER BY _id DESC',
  'SELECT _id, row_number() OVER (ORDER BY _id) FROM d ORDER BY _id LIMIT 4',
  'SELECT a._id FROM d a JOIN d b ON a._id = b._id + 1 ORDER BY a._id LIMIT 4'
]) AS q;
CALL twin.run($$
  UPDATE d SET n = 0 WHERE _id = (SELECT _id FROM d ORDER BY _id DESC LIMIT 1) RETURNING *;
$$);

-- Plans for any value.
PREPARE between_keys(int, int8) AS SELECT count(*), sum(n) FROM d WHERE _id > $1 AND _id <= $2;
CREATE FUNCTION between_keys(low int, high int8) RETURNS TABLE (count bigint, sum bigint)
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT count(*), sum(n) FROM d WHERE _id > low AND _id <= high;
END $$;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE between_keys(1, 2);
CALL twin.run($$
  SELECT * FROM between_keys(3, 100);
  SELECT * FROM between_keys(1990, 100000000000);
  SELECT * FROM between_keys(3, NULL);
  SELECT * FROM between_keys(100, 3);
$$);
RESET plan_cache_mode;

-- Changes: within the range that is read, and out of it to its end, where a scan must not meet
-- what it moved.
EXPLAIN (COSTS OFF) UPDATE d SET n = -n WHERE _id BETWEEN 10 AND 20;
EXPLAIN (COSTS OFF) DELETE FROM d WHERE _id > 1990 AND n % 2 = 0;
CALL twin.run($$
  UPDATE d SET n = -n WHERE _id BETWEEN 10 AND 20;
  SELECT * FROM d;
  DELETE FROM d WHERE _id > 1990 AND n % 2 = 0;
  SELECT * FROM d;
  UPDATE d SET _id = _id + 5000 WHERE _id > 5;
  SELECT * FROM d;
  UPDATE d SET _id = _id - 1 WHERE _id = 5006;
  SELECT * FROM d;
  UPDATE d SET _id = _id + 3000 WHERE _id > 4000 AND _id < 5500;
  SELECT * FROM d;
  UPDATE d SET n = 0 FROM bounds WHERE _id BETWEEN low AND high AND high < 50;
  SELECT * FROM d;
  DELETE FROM d USING bounds WHERE _id > low AND _id < high AND high < 50;
  SELECT * FROM d;
  INSERT INTO d SELECT _id + 20000, n FROM d WHERE _id > 6000;
  SELECT * FROM d;
  INSERT INTO d SELECT _id + 1000, n FROM d WHERE _id > 28000;
  SELECT * FROM d;
$$);

-- A cursor sees what was there when it was opened, whatever its own transaction writes.
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM d WHERE _id BETWEEN 6000 AND 28400 ORDER BY _id;
DECLARE h CURSOR FOR SELECT * FROM key_ranges_twin.d WHERE _id BETWEEN 6000 AND 28400 ORDER BY _id;
FETCH 2 FROM c;
FETCH 2 FROM h;
DELETE FROM d WHERE _id BETWEEN 6000 AND 28400;
INSERT INTO d VALUES (6002, 1), (6999, 1);
UPDATE d SET _id = 6500, n = 2 WHERE _id = 6999;
MOVE 900 FROM c;
MOVE 900 FROM h;
FETCH 2 FROM c;
FETCH 2 FROM h;
SELECT * FROM d WHERE _id BETWEEN 6000 AND 8000 ORDER BY _id;
SAVEPOINT s;
DELETE FROM d;
ROLLBACK TO s;
MOVE ALL FROM c;
MOVE ALL FROM h;
ROLLBACK;

-- Conditions that guard rows come first, unless the others can tell nothing.
CREATE VIEW guarded WITH (security_barrier) AS SELECT * FROM d WHERE n > 0;
EXPLAIN (COSTS OFF) SELECT FROM guarded WHERE _id > 6500;
DROP VIEW guarded;
SELECT make_tables('text COLLATE "C"', '{a,b,c}');
CREATE VIEW guarded WITH (security_barrier) AS SELECT * FROM d WHERE n > 0;
EXPLAIN (COSTS OFF) SELECT FROM guarded WHERE _id > 'c';
EXPLAIN (COSTS OFF) SELECT FROM guarded WHERE _id LIKE 'a%';

TABLE twin.report;
CALL twin.finish('key_ranges');

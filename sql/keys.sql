-- Keys: one type for each collection, looked up by the engine, generated where that makes sense.
\getenv source PG_ABS_SRCDIR
\i :source/sql/twin/harness.sql
CREATE SCHEMA keys;
SET search_path = keys;

-- For each type, every way of asking for a key finds the same rows as in a heap table. Says which
-- conditions are looked up.
CREATE FUNCTION by_key(condition text) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN SELECT FROM d WHERE ' || condition LOOP
    IF line LIKE '%Key:%' THEN
      RETURN true;
    END IF;
  END LOOP;
  RETURN false;
END $$;
CREATE TABLE asked (type text, condition text, by_key bool);
CREATE PROCEDURE check_key_type(type text, keys text[], others text[]) LANGUAGE plpgsql AS $$
DECLARE
  form text;
  condition text;
BEGIN
  EXECUTE format('CREATE FOREIGN TABLE d (_id %s, n int, _doc jsonb) SERVER quire
                  OPTIONS (collection %L)', type, 'keys of ' || type);
  CALL twin.make('d');
  FOR i IN 1 .. cardinality(keys) LOOP
    CALL twin.run(format('INSERT INTO d (_id, n) VALUES (%L, %s) RETURNING *', keys[i], i));
  END LOOP;
  CALL twin.fail('23505', format('INSERT INTO d (_id) VALUES (%L)', keys[2]));
  FOREACH form IN ARRAY ARRAY[
      '_id = {1}', '{2} = _id', '_id = {x}', '_id = NULL', '_id IN ({1}, {2}, {1}, {x})',
      '_id = ANY (ARRAY[{2}, NULL, {3}]::{T}[])', '_id = ANY (''{}''::{T}[])',
      '_id = ANY (NULL::{T}[])', '_id = {1} AND n = 1', '_id = {1} AND n = 2', '_id = {1} OR n = 2',
      '_id <> {1}', '_id = (SELECT {2}::{T})', '_id IS NULL', '_id IS NOT NULL'] LOOP
    condition := replace(replace(replace(replace(replace(form, '{1}', quote_literal(keys[1])),
      '{2}', quote_literal(keys[2])), '{3}', quote_literal(keys[3])),
      '{x}', quote_literal(others[1])), '{T}', type);
    INSERT INTO asked VALUES (type, form, by_key(condition));
    CALL twin.run('SELECT * FROM d WHERE ' || condition);
  END LOOP;
  DROP FOREIGN TABLE d;
  DROP SCHEMA keys_twin CASCADE;
END $$;
SET client_min_messages = warning;
CALL check_key_type('text', '{a,"",ü}', '{b}');
CALL check_key_type('int2', '{1,0,-32768}', '{32767}');
CALL check_key_type('int4', '{1,0,-2147483648}', '{5}');
CALL check_key_type('int8', '{1,9223372036854775807,-9223372036854775808}', '{5}');
CALL check_key_type('uuid', '{0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a11,
  00000000-0000-0000-0000-000000000000,ffffffff-ffff-ffff-ffff-ffffffffffff}',
  '{0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a12}');
CALL check_key_type('jsonb', '{1,"\"1\"","{\"a\": [1.5, null]}"}', '{true}');
RESET client_min_messages;
SELECT condition, string_agg(type, ' ') FILTER (WHERE by_key) AS by_key FROM asked
  GROUP BY condition ORDER BY condition COLLATE "C";

-- Numbers of other types find the key of the same value.
CREATE FOREIGN TABLE numbers (_id int4, n int) SERVER quire;
CALL twin.make('numbers');
CALL twin.run($$
  INSERT INTO numbers SELECT i, i FROM generate_series(1, 3) AS i;
  SELECT n FROM numbers WHERE _id = 2::int8;
  SELECT n FROM numbers WHERE _id = 2::int2;
  SELECT n FROM numbers WHERE _id = 20000000000;
  SELECT n FROM numbers WHERE _id = 2.0;
  SELECT n FROM numbers WHERE _id = 2::float8;
  SELECT n FROM numbers WHERE _id = ANY ('{1,3,20000000000}'::int8[]) ORDER BY 1;
$$);
EXPLAIN (COSTS OFF) SELECT n FROM numbers WHERE _id = 2.0;

-- 1 and 1.0 are one jsonb key.
CREATE FOREIGN TABLE any_key (_id jsonb, n int, _doc jsonb) SERVER quire;
CALL twin.make('any_key');
CALL twin.run($$
  INSERT INTO any_key
    VALUES ('1', 1), ('"1"', 2), ('null', 3), ('[]', 4), ('1e20', 5), ('0.5', 6) RETURNING *;
  SELECT n FROM any_key WHERE _id IN ('1.000', 'null', '100000000000000000000', '[]') ORDER BY n;
$$);
CALL twin.fail('23505', $$
  INSERT INTO any_key VALUES ('1.0', 7);
  INSERT INTO any_key (_doc) VALUES ('{"_id": 1.00}');
$$);
CALL twin.fail('23502', $$ INSERT INTO any_key VALUES (NULL, 8) $$);
INSERT INTO any_key VALUES ('1.0', 7);
INSERT INTO any_key VALUES (NULL, 8);

-- Missing keys: generated for text and uuid.
CREATE FOREIGN TABLE texts (_id text, n int) SERVER quire;
CREATE FOREIGN TABLE uuids (_id uuid, n int, _doc jsonb) SERVER quire;
CALL twin.make('texts');
CALL twin.make('uuids');
CALL twin.run($$
  INSERT INTO texts (n) SELECT i FROM generate_series(1, 100) AS i;
  SELECT count(DISTINCT _id), count(DISTINCT _id::uuid), sum(n) FROM texts;
  INSERT INTO uuids (n) VALUES (1) RETURNING _id::text = _doc->>'_id', length(_doc->>'_id');
  INSERT INTO uuids (_doc) VALUES ('{"_id": null}') RETURNING _id IS NOT NULL;
$$);
CALL twin.fail('23502', $$ INSERT INTO numbers (n) VALUES (4) $$);
SELECT count(*), bool_and(substr(_id, 15, 1) = '7') FROM texts;

-- The key of a document that comes in whole.
CREATE FOREIGN TABLE whole (_id int, _doc jsonb) SERVER quire;
CALL twin.make('whole');
CALL twin.run($$
  INSERT INTO uuids (_doc) VALUES ('{"_id": "0E3D1C5A-5B8F-7C3E-9A1B-2F6D4C8E0A11"}') RETURNING *;
  SELECT _doc FROM uuids WHERE _id = '0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a11';
  INSERT INTO whole (_doc) VALUES ('{"_id": 10}'), ('{"_id": "11"}'), ('{"_id": 12.0}') RETURNING *;
  INSERT INTO whole VALUES (13, '{"_id": 13.0}'), (14, '{}'), (15, NULL) RETURNING *;
  SELECT * FROM whole WHERE _id > 3 ORDER BY _id;
$$);
CALL twin.fail('22023', $$ INSERT INTO whole VALUES (16, '{"_id": 17}') $$);
CALL twin.fail('22P02', $$
  INSERT INTO uuids (_doc) VALUES ('{"_id": "no uuid"}');
  INSERT INTO whole (_doc) VALUES ('{"_id": true}');
  INSERT INTO whole (_doc) VALUES ('{"_id": 3000000000}');
$$);
CALL twin.fail('23502', $$ INSERT INTO whole (_doc) VALUES ('{"a": 1}') $$);
INSERT INTO whole VALUES (16, '{"_id": 17}');
INSERT INTO whole (_doc) VALUES ('{"_id": true}');

-- Long keys, and keys with every kind of byte.
CALL twin.run($$
  INSERT INTO texts VALUES (repeat('x', 1000), 1) RETURNING _id;
  INSERT INTO texts VALUES (E'\x01\x7f \'"\\', 2) RETURNING *;
  SELECT n FROM texts WHERE _id = E'\x01\x7f \'"\\';
$$);
INSERT INTO texts VALUES (repeat('x', 1100), 1);

-- Collations: keys are looked up by bytes, so a condition that equates different bytes is not.
CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT count(*) FROM texts WHERE _id COLLATE caseless = repeat('X', 1000);
EXPLAIN (COSTS OFF) SELECT FROM texts WHERE _id COLLATE caseless = 'X';
EXPLAIN (COSTS OFF) SELECT FROM texts WHERE _id COLLATE "C" = 'X';
EXPLAIN (COSTS OFF) SELECT FROM texts WHERE _id::varchar = 'X';
EXPLAIN (COSTS OFF) SELECT FROM texts WHERE _id = random()::text;
EXPLAIN (COSTS OFF) SELECT FROM texts WHERE _id = now()::text;
EXPLAIN (COSTS OFF) SELECT FROM texts WHERE _id || '' = 'X';
-- Two collations, of which none goes first: there is no equality.
CREATE TABLE other_texts (x text COLLATE "POSIX");
INSERT INTO other_texts VALUES ('a');
CREATE FOREIGN TABLE c_texts (_id text COLLATE "C") SERVER quire;
CALL twin.make('c_texts');
CALL twin.run($$ INSERT INTO c_texts VALUES ('a'), ('b') $$);
CALL twin.fail('42P22', $$
  SELECT * FROM other_texts, LATERAL (SELECT * FROM c_texts WHERE _id = x OFFSET 0) AS y;
  SELECT (SELECT count(*) FROM c_texts WHERE _id = ANY (ARRAY[x])) FROM other_texts;
  SELECT (SELECT count(*) FROM c_texts WHERE starts_with(_id, x)) FROM other_texts;
  SELECT * FROM other_texts JOIN c_texts ON _id = x;
$$);
EXPLAIN (COSTS OFF) SELECT FROM texts WHERE NOT _id = 'X';
EXPLAIN (COSTS OFF) SELECT FROM texts WHERE _id <> ALL ('{X,Y}');

-- Another key is another document.
CALL twin.run($$
  UPDATE numbers SET _id = _id + 100 WHERE _id = 1 RETURNING *;
  UPDATE numbers SET _id = _id WHERE _id = 2 RETURNING *;
$$);
CALL twin.fail('23505', $$ UPDATE numbers SET _id = 2 WHERE _id = 3 $$);
CALL twin.fail('23502', $$ UPDATE numbers SET _id = NULL WHERE _id = 3 $$);
BEGIN;
CALL twin.run($$
  UPDATE numbers SET _id = 1000 WHERE _id = 101;
  UPDATE numbers SET _id = 101 WHERE _id = 1000;
  SELECT n FROM numbers WHERE _id IN (101, 1000);
$$);
COMMIT;
CALL twin.run($$
  SELECT n FROM numbers WHERE _id IN (101, 1000);
  SELECT * FROM numbers ORDER BY _id;
$$);

TABLE twin.report;
CALL twin.finish('keys');

-- Keys: one type for each collection, looked up by the engine, generated where that makes sense.
CREATE SCHEMA keys;
SET search_path = keys;

-- For each type: documents go in, and every way of asking for a key finds the same rows as in a
-- heap table.
CREATE FUNCTION check_key_type(type text, keys text[], others text[])
RETURNS TABLE (question text, rows text) LANGUAGE plpgsql AS $$
DECLARE
  query text;
  heap text;
  documents text;
  plan text;
  by_key bool;
BEGIN
  EXECUTE format('CREATE FOREIGN TABLE d (_id %s, n int) SERVER quire OPTIONS (collection %L)',
                 type, 'keys of ' || type);
  EXECUTE format('CREATE TABLE h (_id %s PRIMARY KEY, n int)', type);
  FOR i IN 1 .. array_length(keys, 1) LOOP
    EXECUTE format('INSERT INTO d VALUES (%L, %s)', keys[i], i);
    EXECUTE format('INSERT INTO h VALUES (%L, %s)', keys[i], i);
  END LOOP;
  FOREACH query IN ARRAY ARRAY[
      format('_id = %L', keys[1]), format('%L = _id', keys[2]), format('_id = %L', others[1]),
      '_id = NULL', format('_id IN (%L, %L, %L, %L)', keys[1], keys[2], keys[1], others[1]),
      format('_id = ANY (ARRAY[%L, NULL, %L]::%s[])', keys[2], keys[3], type),
      format('_id = ANY (%L::%s[])', '{}', type), format('_id = ANY (NULL::%s[])', type),
      format('_id = %L AND n = 1', keys[1]), format('_id = %L AND n = 2', keys[1]),
      format('_id = %L OR n = 2', keys[1]), format('_id <> %L', keys[1]),
      format('_id = (SELECT %L::%s)', keys[2], type), '_id IS NULL', '_id IS NOT NULL'] LOOP
    EXECUTE format('SELECT string_agg(n::text, '','' ORDER BY n) FROM h WHERE %s', query) INTO heap;
    EXECUTE format('SELECT string_agg(n::text, '','' ORDER BY n) FROM d WHERE %s', query)
      INTO documents;
    by_key := false;
    FOR plan IN EXECUTE format('EXPLAIN SELECT FROM d WHERE %s', query) LOOP
      by_key := by_key OR plan LIKE '%Key:%';
    END LOOP;
    question := replace(query, type, 'T') || CASE WHEN by_key THEN '  (by key)' ELSE '' END;
    rows := coalesce(heap, 'none') ||
            CASE WHEN heap IS DISTINCT FROM documents THEN ' but ' || coalesce(documents, 'none')
                 ELSE '' END;
    RETURN NEXT;
  END LOOP;
  DROP FOREIGN TABLE d;
  DROP TABLE h;
END $$;
SELECT * FROM check_key_type('text', '{a,"",ü}', '{b}');
SELECT rows FROM check_key_type('int2', '{1,0,-32768}', '{32767}');
SELECT rows FROM check_key_type('int4', '{1,0,-2147483648}', '{5}');
SELECT rows FROM check_key_type('int8', '{1,9223372036854775807,-9223372036854775808}', '{5}');
SELECT rows FROM check_key_type('uuid', '{0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a11,
  00000000-0000-0000-0000-000000000000,ffffffff-ffff-ffff-ffff-ffffffffffff}',
  '{0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a12}');
SELECT rows FROM check_key_type('jsonb', '{1,"\"1\"","{\"a\": [1.5, null]}"}', '{true}');

-- Numbers of other types find the key of the same value.
CREATE FOREIGN TABLE numbers (_id int4, n int) SERVER quire;
INSERT INTO numbers SELECT i, i FROM generate_series(1, 3) AS i;
SELECT n FROM numbers WHERE _id = 2::int8;
SELECT n FROM numbers WHERE _id = 2::int2;
SELECT n FROM numbers WHERE _id = 20000000000;
SELECT n FROM numbers WHERE _id = 2.0;
EXPLAIN (COSTS OFF) SELECT n FROM numbers WHERE _id = 2.0;
SELECT n FROM numbers WHERE _id = ANY ('{1,3,20000000000}'::int8[]) ORDER BY 1;

-- 1 and 1.0 are one jsonb key.
CREATE FOREIGN TABLE any_key (_id jsonb, n int, _doc jsonb) SERVER quire;
INSERT INTO any_key VALUES ('1', 1), ('"1"', 2), ('null', 3), ('[]', 4), ('1e20', 5), ('0.5', 6);
INSERT INTO any_key VALUES ('1.0', 7);
INSERT INTO any_key (_doc) VALUES ('{"_id": 1.00}');
SELECT * FROM any_key WHERE _id IN ('1.000', 'null', '100000000000000000000', '[]') ORDER BY n;
INSERT INTO any_key VALUES (NULL, 8);

-- Missing keys: generated for text and uuid.
CREATE FOREIGN TABLE texts (_id text, n int) SERVER quire;
CREATE FOREIGN TABLE uuids (_id uuid, n int, _doc jsonb) SERVER quire;
INSERT INTO texts (n) SELECT i FROM generate_series(1, 100) AS i;
SELECT count(DISTINCT _id), count(DISTINCT _id::uuid), bool_and(substr(_id, 15, 1) = '7')
  FROM texts;
INSERT INTO uuids (n) VALUES (1) RETURNING _id::text = _doc->>'_id', length(_doc->>'_id');
INSERT INTO uuids (_doc) VALUES ('{"_id": null}') RETURNING _id IS NOT NULL;
INSERT INTO numbers (n) VALUES (4);

-- The key of a document that comes in whole.
INSERT INTO uuids (_doc) VALUES ('{"_id": "0E3D1C5A-5B8F-7C3E-9A1B-2F6D4C8E0A11"}') RETURNING *;
SELECT _doc FROM uuids WHERE _id = '0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a11';
INSERT INTO uuids (_doc) VALUES ('{"_id": "no uuid"}');
CREATE FOREIGN TABLE whole (_id int, _doc jsonb) SERVER quire OPTIONS (collection 'numbers');
INSERT INTO whole (_doc) VALUES ('{"_id": 10}'), ('{"_id": "11"}'), ('{"_id": 12.0}');
INSERT INTO whole VALUES (13, '{"_id": 13.0}'), (14, '{}'), (15, NULL);
INSERT INTO whole VALUES (16, '{"_id": 17}');
INSERT INTO whole (_doc) VALUES ('{"_id": true}');
INSERT INTO whole (_doc) VALUES ('{"_id": 3000000000}');
INSERT INTO whole (_doc) VALUES ('{"a": 1}');
SELECT * FROM whole WHERE _id > 3 ORDER BY _id;

-- Long keys, and keys with every kind of byte.
INSERT INTO texts VALUES (repeat('x', 1000), 1) RETURNING length(_id);
INSERT INTO texts VALUES (repeat('x', 1100), 1);
INSERT INTO texts VALUES (E'\x01\x7f ''"\\', 2);
SELECT n FROM texts WHERE _id = E'\x01\x7f ''"\\';

-- Collations: keys are looked up by bytes, so a condition that equates different bytes is not.
CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT count(*) FROM texts WHERE _id COLLATE caseless = repeat('X', 1000);
EXPLAIN (COSTS OFF) SELECT FROM texts WHERE _id COLLATE caseless = 'X';
EXPLAIN (COSTS OFF) SELECT FROM texts WHERE _id COLLATE "C" = 'X';
EXPLAIN (COSTS OFF) SELECT FROM texts WHERE _id::varchar = 'X';
EXPLAIN (COSTS OFF) SELECT FROM texts WHERE _id = random()::text;
EXPLAIN (COSTS OFF) SELECT FROM texts WHERE _id = now()::text;
EXPLAIN (COSTS OFF) SELECT FROM texts WHERE _id || '' = 'X';
EXPLAIN (COSTS OFF) SELECT FROM texts WHERE NOT _id = 'X';
EXPLAIN (COSTS OFF) SELECT FROM texts WHERE _id <> ALL ('{X,Y}');

-- Another key is another document.
UPDATE numbers SET _id = _id + 100 WHERE _id = 1 RETURNING *;
UPDATE numbers SET _id = 2 WHERE _id = 3;
UPDATE numbers SET _id = NULL WHERE _id = 3;
UPDATE numbers SET _id = _id WHERE _id = 2 RETURNING *;
BEGIN;
UPDATE numbers SET _id = 1000 WHERE _id = 101;
UPDATE numbers SET _id = 101 WHERE _id = 1000;
SELECT n FROM numbers WHERE _id IN (101, 1000);
COMMIT;
SELECT n FROM numbers WHERE _id IN (101, 1000);

SET client_min_messages = warning;
DROP SCHEMA keys CASCADE;

-- Documents at the edge of what jsonb can say come out as they went in: equal, and the same text.
\getenv source PG_ABS_SRCDIR
\i :source/sql/twin/harness.sql
CREATE SCHEMA documents;
SET search_path = documents;
CREATE FOREIGN TABLE d (_id int, _doc jsonb) SERVER quire;
CALL twin.make('d');

CALL twin.run($$
  INSERT INTO d SELECT n, document::jsonb FROM unnest(ARRAY[
      '{}', '{"": ""}', '{"": {"": {"": []}}}', '{"a": null, "b": false, "c": true}',
      '{"a": [], "b": {}, "c": [[]], "d": [{}]}',
      '{"a": 1, "a": 2, "b": {"x": 1, "x": 2}}',
      '{"a.b": 1, "a\"b": 2, "\"a.b\"": 3, "a''b": 4, "a\\b": 5, " ": 6, ".": 7, "$": 8}',
      '{"long": 1, "a": 2, "bb": 3, "b": 4, "ab": 5, "": 6, "ba": 7}'
    ]) WITH ORDINALITY AS v (document, n);
  INSERT INTO d SELECT 10 + n, jsonb_build_object('n', number::jsonb) FROM unnest(ARRAY[
      '0', '-0', '0.0', '0.00', '0e10', '1', '-1', '1.0', '1.10', '0.1', '0.10', '1e2', '1E-2',
      '100',
      '2147483648', '9007199254740993', '9223372036854775807', '-9223372036854775808',
      '9223372036854775808', '18446744073709551616', '340282366920938463463374607431768211456',
      '0.1234567890123456789012345678901234567890', '1e400', '-1e400', '1e-400', '123456789e100',
      '99999999.99999999', '10000', '9999', '10000.0001', '1e16383', '0.00000000000000000000000001'
    ]) WITH ORDINALITY AS v (number, n);
  INSERT INTO d SELECT 100 + n, jsonb_build_object('t', repeat('x', n))
    FROM generate_series(0, 300, 25) AS n;
$$);
-- Every plane of Unicode, in names and in values, and every control character but one.
CALL twin.run($$
  INSERT INTO d SELECT 500 + plane, jsonb_build_object(
      chr(plane * 65536 + 4660), chr(plane * 65536 + 65533),
      'all', chr(plane * 65536 + 4660) || 'x')
    FROM generate_series(0, 16) AS plane;
  INSERT INTO d SELECT 600, jsonb_object_agg(chr(c), c || chr(c)) FROM generate_series(1, 255) AS c;
  INSERT INTO d VALUES (601, '{"\ud83d\ude00": "\u00e9\ud834\udd1e"}');
$$);
CALL twin.fail('22P05', $$
  INSERT INTO d VALUES (602, '{"a": "\u0000"}');
  INSERT INTO d VALUES (602, '{"\u0000": 1}');
$$);

-- Wide, deep, long.
CALL twin.run($$
  INSERT INTO d SELECT 700, jsonb_object_agg('field ' || i, i) FROM generate_series(1, 1000) AS i;
  INSERT INTO d SELECT 701, jsonb_build_object('a', jsonb_agg(i::text))
    FROM generate_series(1, 10000) AS i;
  INSERT INTO d VALUES (702, (repeat('{"a":', 99) || '{}' || repeat('}', 99))::jsonb);
  INSERT INTO d VALUES (703, ('{"a":' || repeat('[', 99) || repeat(']', 99) || '}')::jsonb);
  INSERT INTO d VALUES (705, jsonb_build_object('s', repeat('0123456789', 1000000)));
  INSERT INTO d SELECT 707, jsonb_build_object('mixed', jsonb_agg(jsonb_build_object(
      'i', i, 'n', i / 7.0, 's', repeat('é', i % 50), 'b', i % 2 = 0, 'z', NULL,
      'l', jsonb_build_array(i, i::text, '{}'::jsonb)))) FROM generate_series(1, 2000) AS i;
$$);
INSERT INTO d VALUES (704, (repeat('{"a":', 100) || '{}' || repeat('}', 100))::jsonb);
INSERT INTO d VALUES (704, ('{"a":' || repeat('[', 100) || repeat(']', 100) || '}')::jsonb);
INSERT INTO d VALUES (706, jsonb_build_object('s', repeat('0123456789', 1700000)));

-- The text is the same, and the value that the text is of.
CREATE TABLE read AS SELECT _id, _doc FROM d;
CALL twin.run($$
  SELECT _id, _doc FROM d WHERE _id < 700 ORDER BY _id;
  SELECT _id, md5(_doc::text), length(_doc::text) FROM d ORDER BY _id;
  SELECT count(*) FROM d JOIN read USING (_id) WHERE d._doc = read._doc;
$$);

-- Changed and read again; the limits of settings.
CALL twin.run($$
  UPDATE d SET _doc = _doc || '{"changed": true}';
  SELECT _id, md5(_doc::text) FROM d ORDER BY _id;
$$);
SET quire.max_depth = 10;
INSERT INTO d VALUES (800, (repeat('{"a":', 10) || '{}' || repeat('}', 10))::jsonb);
INSERT INTO d VALUES (800, (repeat('{"a":', 9) || '{}' || repeat('}', 9))::jsonb);
-- What was stored under another setting is still read.
SELECT length(_doc::text) FROM d WHERE _id = 702;
RESET quire.max_depth;
SET quire.max_fields = 20;
INSERT INTO d SELECT 801, jsonb_object_agg('f' || i, i) FROM generate_series(1, 20) AS i;
RESET quire.max_fields;
SET quire.max_array_length = 100;
INSERT INTO d SELECT 801, jsonb_build_object('a', jsonb_agg(i)) FROM generate_series(1, 101) AS i;
RESET quire.max_array_length;
SET quire.max_document_size = '64kB';
INSERT INTO d SELECT 801, jsonb_build_object('a', repeat('x', 70000));
RESET quire.max_document_size;
SELECT count(*) FROM d WHERE _id = 801;

-- json keeps no more than jsonb does here.
CREATE FOREIGN TABLE as_json (_id int, _doc json) SERVER quire;
INSERT INTO as_json VALUES (1, '{"b": 1.50, "a":   [true,null], "b": 2}') RETURNING _doc;

TABLE twin.report;
CALL twin.finish('documents');

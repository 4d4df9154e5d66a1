-- A `_doc` of type json: its text becomes the document that jsonb would make of it. Its twin is the
-- collection that was given jsonb: they must not differ.
CREATE SCHEMA json_text;
SET search_path = json_text;
CREATE FOREIGN TABLE as_json (_id int NOT NULL, j json, _doc json) SERVER quire;
CREATE FOREIGN TABLE as_jsonb (_id int NOT NULL, j jsonb, _doc jsonb) SERVER quire;

-- Texts of every kind: blanks, escapes, equal names, numbers, many fields, deep ones, large ones.
CREATE TABLE texts (n int GENERATED ALWAYS AS IDENTITY, t text);
INSERT INTO texts (t) VALUES
  ('{}'), (E' \n{\t"a" : [ ] , "b":{ } }\r '), ('{"a":1,"b":{"c":2,"c":3},"a":{"x":"y"}}'),
  ('{"\u0061":1,"a":2,"b\n":3,"":4}'), ('{"s":"\"\\\/\b\f\n\r\t\u00e9\ud834\udd1e\u007f"}'),
  ('{"n":[0,-0,-0.0,0.10,0.1,1e5,1.5e3,1.50e1,1e-2,10e-1,0e5,1e20,1e127,1e128,' ||
   '1e400,1e-64,1.5e-260]}'),
  ('{"n":[9223372036854775807,-9223372036854775808,9223372036854775808,18446744073709551616]}'),
  ('{"n":[999999999999999999,1234567890123456789,0.123456789012345678,0.1234567890123456789]}'),
  ('{"v":[null,true,false,"",[[]],[{}]]}'), ('{"é":"𝄞","quo\"te":"a.b","name":"n","mane":"m"}');
INSERT INTO texts (t)
  SELECT '{' || string_agg(format('"%s":%s', md5((i % 700)::text), i), ',' ORDER BY i) || '}'
  FROM generate_series(1, 1000) i
  UNION ALL SELECT repeat('{"a":[', 49) || '1' || repeat(']}', 49)
  UNION ALL SELECT '{"a":[' || string_agg(i::text, ',') || ']}' FROM generate_series(1, 5000) i
  UNION ALL SELECT '{"a":"' || repeat('x\u0041', 300000) || '"}'
  UNION ALL SELECT format('{"a":%s,"b":"%s"}', i, repeat('y', i)) FROM generate_series(0, 40) i;
-- The random ones are those of nobody's choosing.
SELECT setseed(0.3);
INSERT INTO texts (t)
  SELECT jsonb_object_agg(left(md5(random()::text), (random() * 6)::int), to_jsonb(
    CASE (random() * 3)::int WHEN 0 THEN to_jsonb(round((random() * 1e6)::numeric, (random() *
    5)::int))
      WHEN 1 THEN to_jsonb(md5(random()::text)) WHEN 2 THEN jsonb_build_array(random() > 0.5,
      NULL, i)
      ELSE jsonb_build_object('k' || i, random()) END))::text
  FROM generate_series(1, 300) g, generate_series(1, 12) i GROUP BY g;
INSERT INTO as_json (_id, j, _doc) SELECT n, t::json, t::json FROM texts;
INSERT INTO as_jsonb (_id, j, _doc) SELECT n, t::jsonb, t::jsonb FROM texts;
SELECT count(*) > 300 AS many, count(*) FILTER (WHERE a._doc::text IS DISTINCT FROM b._doc::text
    OR a._doc::jsonb IS DISTINCT FROM (t::jsonb || jsonb_build_object('j', t::jsonb, '_id', n)))
    AS different
  FROM texts LEFT JOIN as_json a ON a._id = n LEFT JOIN as_jsonb b ON b._id = n;
UPDATE as_json SET j = '{"b":1.50,"a":[1,"\u00e9"]}', _doc = '{"x":{"y":1}}' WHERE _id = 1;
SELECT _doc, j FROM as_json WHERE _id = 1;
COPY as_json (_id, _doc) FROM STDIN;
1001	{"b":1.50,"a":[1,"\\u00e9"],"b":2}
1002	{"_id":1002}
\.
SELECT _doc FROM as_json WHERE _id > 1000 ORDER BY _id;

-- What the type json takes and jsonb does not is refused with the words of jsonb.
INSERT INTO as_json (_id, _doc) VALUES (2000, '{"a":"\u0000"}');
INSERT INTO as_json (_id, _doc) VALUES (2000, '{"a":"\ud834"}');
INSERT INTO as_json (_id, _doc) VALUES (2000, '{"a":"\udd1e\ud834"}');
INSERT INTO as_json (_id, _doc) VALUES (2000, '{"a":1e999999}');
INSERT INTO as_json (_id, _doc) VALUES (2000, '[1]');
INSERT INTO as_json (_id, _doc) VALUES (2000, ('{"a":' || repeat('[', 100) || repeat(']', 100) ||
  '}')::json);
INSERT INTO as_json (_id, j) VALUES (2000, (repeat('[', 100) || repeat(']', 100))::json);
SET quire.max_fields = 100;
INSERT INTO as_json (_id, _doc) SELECT 2000, t::json FROM texts WHERE n = 11;
RESET quire.max_fields;
SET quire.max_array_length = 1000;
INSERT INTO as_json (_id, _doc) SELECT 2000, t::json FROM texts WHERE n = 13;
RESET quire.max_array_length;
SELECT count(*) FROM as_json WHERE _id = 2000;

SET client_min_messages = warning;
DROP SCHEMA json_text CASCADE;

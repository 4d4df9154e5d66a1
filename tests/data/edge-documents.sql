-- Documents at the edges of what jsonb can say. Each must come out as it went in: equal, and with
-- the same text. Fills the table edge (name text, line text); a line is the text of a document.

CREATE TABLE edge (name text PRIMARY KEY, line text NOT NULL);

INSERT INTO edge VALUES
  ('empty object', '{}'),
  ('empty key', '{"": 1, "a": {"": {"": []}}}'),
  ('duplicate keys', '{"a": 1, "b": 2, "a": {"c": 3, "c": 4}}'),
  ('keys of all lengths', '{"b": 1, "aa": 2, "a": 3, "bb": 4, "aaa": 5, "B": 6}'),
  ('dots and quotes in names',
    '{"a.b": 1, "\"": 2, "a\"b.c": 3, ".": 4, "\\": 5, "$id": 6, "0": 7}'),
  ('names that are reserved', '{"_doc": 1, "_version": "x", "_modified": null, "__": []}'),
  ('null, true, false', '{"a": null, "b": true, "c": false, "d": [null, true, false]}'),
  ('nested empties', '{"a": {}, "b": [], "c": [{}, [], [[]], {"d": {}}]}'),
  ('strings that look like numbers', '{"a": "1", "b": "0.10", "c": "NaN", "d": "1e400"}'),
  ('control characters', '{"a": "\u0001\u0002\u001f\t\n\r\b\f", "\u0007": 1}'),
  ('scale', '{"a": 0.10, "b": 0.1, "c": 1.0, "d": 1, "e": 1.00, "f": 100, "g": 1e2, "h": -0.0}'),
  ('small numbers', '{"a": 1e-400, "b": 0.000000000000000000000000000000001, "c": -1e-30}'),
  ('large numbers', '{"a": 1e400, "b": -1e400, "c": 123456789012345678901234567890.123456789}'),
  ('around 2^53', '{"a": 9007199254740991, "b": 9007199254740992, "c": 9007199254740993}'),
  ('around 2^63', '{"a": 9223372036854775807, "b": 9223372036854775808,
                    "c": -9223372036854775808, "d": -9223372036854775809}'),
  ('around 2^64', '{"a": 18446744073709551615, "b": 18446744073709551616,
                    "c": 340282366920938463463374607431768211456}'),
  ('doubles that round', '{"a": 0.1, "b": 0.30000000000000004, "c": 1.7976931348623157e308,
                           "d": 4.9e-324, "e": 3.141592653589793238462643383279502884}'),
  ('every Unicode plane',
    (SELECT jsonb_object_agg('plane ' || plane || chr(plane * 65536 + 61440),
                             repeat(chr(plane * 65536 + 16), 3) || chr(plane * 65536 + 65533))::text
       FROM generate_series(0, 16) AS plane)),
  ('escaped surrogate pairs', '{"a": "\ud83d\ude00", "\ud834\udd1e": "\u00e9\u4e2d"}'),
  ('combining and bidirectional text', '{"é": "é", "مرحبا": "שלום", "a": "a‮b"}'),
  ('1,000 fields',
    (SELECT jsonb_object_agg('field ' || n, n * n)::text FROM generate_series(1, 1000) AS n)),
  ('10,000 elements', (SELECT jsonb_build_object('a', jsonb_agg(n))::text
                         FROM generate_series(1, 10000) AS n)),
  ('mixed array', '{"a": [1, "1", 1.0, true, null, {"a": 1}, [1], "", -1, 1e300]}'),
  ('depth 100', repeat('{"a":', 99) || '{}' || repeat('}', 99)),
  ('depth 100 of arrays', '{"a":' || repeat('[', 99) || repeat(']', 99) || '}'),
  ('one string of 10 MB', jsonb_build_object('s', repeat('0123456789abcdef', 655360))::text),
  ('many strings, 1 MB',
    (SELECT jsonb_object_agg(n, repeat(chr(97 + n % 26), 1000))::text
       FROM generate_series(1, 1000) AS n)),
  ('a long name', jsonb_build_object(repeat('n', 10000), 1)::text),
  ('every byte length of a string',
    (SELECT jsonb_agg(repeat('x', n))::text FROM generate_series(0, 300) AS n)),
  ('numbers of every length',
    (SELECT jsonb_object_agg(n, ('1' || repeat('0', n) || '.' || repeat('0', n))::numeric)::text
       FROM generate_series(1, 200, 7) AS n));

-- A document is an object; what is not stands inside one.
UPDATE edge SET line = '{"value": ' || line || '}' WHERE line LIKE '[%';

-- Keys of every JSON type.
INSERT INTO edge
  SELECT 'key ' || key, '{"_id": ' || key || ', "a": 1}'
    FROM unnest(ARRAY['null', 'true', 'false', '0', '-1', '1.5', '1e400', '18446744073709551616',
                      '""', '"1"', '"ключ"', '[]', '[1, "2", null]', '{}', '{"a": {"b": [1]}}',
                      '{"$oid": "507f1f77bcf86cd799439011"}']) AS key;

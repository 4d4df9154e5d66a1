-- ANALYZE and estimates: how many documents there are is counted, ranges of keys are looked up in
-- the tree, and what the server knows of other columns it has from a sample. The heap table beside
-- it has the same rows and must have the same statistics (EXCEPT, empty); estimates are guesses,
-- which are compared with what there is.
CREATE SCHEMA analyze_documents;
SET search_path = analyze_documents;
CREATE FOREIGN TABLE d (_id int, kind text, n int, tags text[], ts timestamptz, _doc jsonb)
  SERVER quire;
CREATE TABLE h (_id int PRIMARY KEY, kind text, n int, tags text[], ts timestamptz);
SET client_min_messages = warning;

CREATE FUNCTION estimate(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
  RETURN plan->0->'Plan'->'Plan Rows';
END $$;
-- 'near' when the planner's estimate is within a factor of what there is, or a few rows from it.
CREATE FUNCTION judge(condition text, factor float8) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  estimated bigint := estimate('SELECT * FROM d WHERE ' || condition);
  rows bigint;
BEGIN
  EXECUTE 'SELECT count(*) FROM d WHERE ' || condition INTO rows;
  RETURN CASE WHEN abs(estimated - rows) <= 5
                OR estimated BETWEEN rows / factor AND rows * factor THEN 'near'
              ELSE format('%s estimated, %s found', estimated, rows) END;
END $$;

-- Before there is anything.
ANALYZE d;
SELECT reltuples FROM pg_class WHERE oid = 'd'::regclass;
SELECT count(*) FROM pg_stats WHERE schemaname = 'analyze_documents' AND tablename = 'd';

INSERT INTO h
  SELECT i, CASE WHEN i % 100 = 0 THEN 'rare' WHEN i % 3 = 0 THEN NULL ELSE 'common' END, i / 10,
         ARRAY['t' || i % 5, 'all'], '2000-01-01 00:00+00'::timestamptz + i * interval '1 min'
    FROM generate_series(1, 60000) AS i;
INSERT INTO d SELECT * FROM h ORDER BY md5(_id::text);
DELETE FROM h WHERE _id % 4 = 1;
DELETE FROM d WHERE _id % 4 = 1;
ANALYZE h;

-- Known without ANALYZE: the number of documents, and ranges of keys.
SELECT c, judge(c, f) FROM (VALUES ('true', 1), ('_id < 1000', 1.2), ('_id BETWEEN 500 AND 30000',
  1.2),
  ('_id > 59990', 1.2), ('_id > 100', 1.01), ('_id BETWEEN 70000 AND 80000', 1.2), ('_id < 0', 1),
  ('_id = 7', 1), ('_id IN (2, 3, 4)', 1), ('_id > 59000 AND _id < 59000 + 40', 1.2)) AS t (c, f);

-- What the same transaction has loaded counts, too.
BEGIN;
CREATE FOREIGN TABLE loaded (_id int, n int) SERVER quire;
SELECT estimate('SELECT * FROM loaded');
INSERT INTO loaded VALUES (0, 0);
COMMIT;
BEGIN;
INSERT INTO loaded SELECT i, i FROM generate_series(1, 10000) AS i;
SELECT estimate('SELECT * FROM loaded');
SELECT estimate('SELECT * FROM loaded WHERE _id > 9900') BETWEEN 95 AND 105;
ROLLBACK;
SELECT estimate('SELECT * FROM loaded');

-- The rest after it; as well as of the heap table.
ANALYZE d;
SELECT reltuples FROM pg_class WHERE oid = 'd'::regclass;
CREATE VIEW stats AS
  SELECT tablename, attname, round(null_frac::numeric, 1) AS null_frac,
         avg_width / 10 AS width, round(log(abs(n_distinct))::numeric, 1) AS distincts,
         most_common_vals IS NOT NULL AS common, histogram_bounds IS NOT NULL AS histogram,
         most_common_elems IS NOT NULL AS elements
    FROM pg_stats WHERE schemaname = 'analyze_documents';
SELECT * FROM stats WHERE tablename = 'd' ORDER BY attname;
SELECT attname, null_frac, distincts, common, histogram, elements FROM stats
  WHERE tablename = 'd' AND attname <> '_doc'
EXCEPT
SELECT attname, null_frac, distincts, common, histogram, elements FROM stats WHERE tablename = 'h';
SELECT c, judge(c, 1.5) FROM unnest(ARRAY['kind = ''rare''', 'kind IS NULL', 'kind <> ''common''',
  'n < 500', 'n BETWEEN 1000 AND 4000', 'n = 17', '''t3'' = ANY (tags)', 'tags @> ''{all}''',
  'ts < ''2000-01-10 00:00+00''', '_id < 10000 AND kind IS NULL', 'n < 500 AND kind = ''common''',
  'ts > ''2000-01-10 00:00+00'' AND _id > 30000 OR n = 5']) AS c;
SELECT q, estimate(q) BETWEEN 25000 AND 60000 FROM unnest(ARRAY[
  'SELECT * FROM d JOIN h USING (_id)', 'SELECT * FROM d a JOIN d b ON a._id = b._id']) AS q;

-- Some columns only; columns that nobody wants statistics of.
ALTER FOREIGN TABLE d ALTER COLUMN _doc SET STATISTICS 0, ALTER COLUMN kind SET STATISTICS 10;
DELETE FROM pg_statistic WHERE starelid = 'd'::regclass;
ANALYZE d (kind, n);
SELECT attname, common FROM stats WHERE tablename = 'd' ORDER BY attname;
ANALYZE d;
SELECT attname, common FROM stats WHERE tablename = 'd' ORDER BY attname;
CREATE STATISTICS kinds ON (_doc->>'kind') FROM d;
ANALYZE d;
SELECT most_common_vals FROM pg_stats_ext_exprs WHERE statistics_name = 'kinds';

-- A sample takes no more memory than it should, and what it saw is what the transaction sees.
CREATE FOREIGN TABLE wide (_id int, filler text) SERVER quire;
INSERT INTO wide SELECT i, repeat(md5(i::text), 320) FROM generate_series(1, 1000) AS i;
SET maintenance_work_mem = '1MB';
SET client_min_messages = info;
ANALYZE VERBOSE wide;
RESET client_min_messages;
RESET maintenance_work_mem;
SET client_min_messages = warning;
SELECT reltuples FROM pg_class WHERE oid = 'wide'::regclass;
BEGIN;
DELETE FROM wide WHERE _id > 100;
ANALYZE wide;
SELECT reltuples FROM pg_class WHERE oid = 'wide'::regclass;
SELECT max(v) FROM pg_stats s, unnest(histogram_bounds::text::int[]) AS v
  WHERE s.tablename = 'wide' AND attname = '_id';
ROLLBACK;
BEGIN;
CREATE FOREIGN TABLE fresh (_id int, n int) SERVER quire;
INSERT INTO fresh SELECT i, i % 7 FROM generate_series(1, 5000) AS i;
ANALYZE fresh;
SELECT reltuples FROM pg_class WHERE oid = 'fresh'::regclass;
SELECT estimate('SELECT * FROM fresh WHERE n = 3') BETWEEN 600 AND 850,
       estimate('SELECT * FROM fresh WHERE _id > 4000') BETWEEN 900 AND 1100;
ROLLBACK;

-- Partitions.
CREATE TABLE parent (_id int, n int) PARTITION BY RANGE (_id);
CREATE FOREIGN TABLE lower_part PARTITION OF parent FOR VALUES FROM (0) TO (1000) SERVER quire;
CREATE TABLE upper_part PARTITION OF parent FOR VALUES FROM (1000) TO (2000);
INSERT INTO parent SELECT i, i FROM generate_series(0, 1999) AS i;
ANALYZE parent;
SELECT relname, reltuples FROM pg_class WHERE relname IN ('parent', 'lower_part', 'upper_part')
  ORDER BY 1;
SELECT estimate('SELECT * FROM parent WHERE n < 500') BETWEEN 400 AND 600,
       estimate('SELECT * FROM parent WHERE _id < 500') BETWEEN 450 AND 550;

-- Somebody else's table; under SERIALIZABLE.
CREATE ROLE quire_regress_analyst;
GRANT USAGE ON SCHEMA analyze_documents TO quire_regress_analyst;
GRANT SELECT ON d TO quire_regress_analyst;
SET ROLE quire_regress_analyst;
ANALYZE d;
RESET ROLE;
BEGIN ISOLATION LEVEL SERIALIZABLE;
ANALYZE d;
ROLLBACK;

SET client_min_messages = error;
DROP SCHEMA analyze_documents CASCADE;
DROP ROLE quire_regress_analyst;

-- Constraints that come to a table with documents in it: the same answers as from a heap table.
CREATE SCHEMA existing;
SET search_path = existing;
CREATE FOREIGN TABLE d (_id int, n int, name text, _doc jsonb) SERVER quire;
CREATE TABLE h (_id int, n int, name text, _doc jsonb);
INSERT INTO d SELECT i, i, CASE WHEN i <> 700 THEN 'n' || i END FROM generate_series(1, 1000) AS i;
INSERT INTO h SELECT _id, n, name FROM d;
CREATE TABLE parent_d (_id int, n int, name text, _doc jsonb) PARTITION BY RANGE (_id);
CREATE TABLE parent_h (LIKE parent_d) PARTITION BY RANGE (_id);
CREATE FUNCTION same(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  states text[] := '{}';
BEGIN
  FOR i IN 1 .. 2 LOOP
    BEGIN
      EXECUTE replace(replace(statement, '%', ('{d,h}'::text[])[i]), 'FOREIGN',
                      ('{FOREIGN,""}'::text[])[i]);
      states := states || 'ok'::text;
    EXCEPTION WHEN OTHERS THEN
      states := states || SQLSTATE::text;
    END;
  END LOOP;
  RETURN CASE WHEN states[1] = states[2] THEN states[1] ELSE states::text END;
END $$;
SELECT s AS statement, same(s) FROM unnest(ARRAY[
  'ALTER FOREIGN TABLE % ADD CONSTRAINT c CHECK (n < 999)',
  'ALTER FOREIGN TABLE % ADD CONSTRAINT c CHECK (n < 1001)',
  'ALTER FOREIGN TABLE % ADD CONSTRAINT c2 CHECK (n <> 700) NOT VALID',
  'ALTER FOREIGN TABLE % ADD CONSTRAINT c3 CHECK (n <> 701) NOT VALID, ADD CHECK (n > 0)',
  'ALTER FOREIGN TABLE % VALIDATE CONSTRAINT c3', 'ALTER TABLE % VALIDATE CONSTRAINT c2',
  'ALTER TABLE % ALTER name SET NOT NULL', 'ALTER TABLE % ALTER n SET NOT NULL',
  'INSERT INTO % VALUES (2000, NULL)', 'UPDATE % SET n = n WHERE _id = 700',
  'DELETE FROM % WHERE _id IN (700, 701)', 'ALTER FOREIGN TABLE % VALIDATE CONSTRAINT c3',
  'ALTER TABLE % VALIDATE CONSTRAINT c2', 'ALTER TABLE % ALTER name SET NOT NULL',
  'ALTER FOREIGN TABLE % ADD COLUMN m int NOT NULL', 'ALTER FOREIGN TABLE % ADD COLUMN m int',
  'ALTER FOREIGN TABLE % ADD CHECK (m > 0)', 'ALTER FOREIGN TABLE % DROP COLUMN m',
  'ALTER TABLE parent_% ATTACH PARTITION % FOR VALUES FROM (0) TO (1000)',
  'ALTER TABLE parent_% ATTACH PARTITION % FOR VALUES FROM (1) TO (1001)']) WITH ORDINALITY
 AS u (s, i) ORDER BY i;
ALTER TABLE parent_d DETACH PARTITION d;
ALTER FOREIGN TABLE d ADD CHECK (n > 1);
-- A partition that is created over a collection, or is moved to one.
CREATE FOREIGN TABLE part PARTITION OF parent_d FOR VALUES FROM (0) TO (1000) SERVER quire
  OPTIONS (collection 'd');
CREATE FOREIGN TABLE part PARTITION OF parent_d (n NOT NULL) FOR VALUES FROM (1) TO (1001)
  SERVER quire OPTIONS (collection 'd');
SELECT count(*) FROM parent_d;
DROP FOREIGN TABLE part;
CREATE FOREIGN TABLE part PARTITION OF parent_d FOR VALUES FROM (0) TO (1000) SERVER quire;
ALTER FOREIGN TABLE part OPTIONS (ADD collection 'd');
SELECT count(*) FROM parent_d;
DROP FOREIGN TABLE part;
-- A parent hands its constraints on.
CREATE TABLE above (_id int, n int);
CREATE FOREIGN TABLE below () INHERITS (above) SERVER quire;
INSERT INTO below VALUES (1, 1);
ALTER TABLE above ADD CHECK (n > 1);
ALTER TABLE above ADD CHECK (n > 0);
ALTER TABLE above ADD CHECK (n > 1) NO INHERIT;
ALTER TABLE above ADD CONSTRAINT later CHECK (n > 2) NOT VALID;
ALTER TABLE above VALIDATE CONSTRAINT later;
ALTER TABLE above DROP CONSTRAINT later;
SELECT conname, conrelid::regclass FROM pg_constraint
  WHERE conrelid IN ('above'::regclass, 'below'::regclass) ORDER BY 1, 2;
-- What the transaction itself has written counts, what it took back does not.
BEGIN;
INSERT INTO below VALUES (2, 2);
ALTER FOREIGN TABLE below ADD CONSTRAINT later CHECK (n < 2);
ROLLBACK;
ALTER FOREIGN TABLE below ADD CONSTRAINT later CHECK (n < 2);
ALTER FOREIGN TABLE IF EXISTS absent ADD CHECK (n < 2);

SET client_min_messages = warning;
DROP SCHEMA existing CASCADE;

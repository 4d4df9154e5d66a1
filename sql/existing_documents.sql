-- Constraints that come to a table with documents in it.
\getenv source PG_ABS_SRCDIR
\i :source/sql/twin/harness.sql
CREATE SCHEMA existing;
SET search_path = existing;
CREATE FOREIGN TABLE d (_id int, n int, name text, _doc jsonb) SERVER quire;
CALL twin.make('d');
CREATE TABLE parent (_id int, n int, name text, _doc jsonb) PARTITION BY RANGE (_id);
CREATE TABLE existing_twin.parent (LIKE parent) PARTITION BY RANGE (_id);
CALL twin.run($$
  INSERT INTO d SELECT i, i, CASE WHEN i <> 700 THEN 'n' || i END
    FROM generate_series(1, 1000) AS i;
$$);

CALL twin.fail('23514', $$ ALTER TABLE d ADD CONSTRAINT c CHECK (n < 999) $$);
CALL twin.run($$
  ALTER TABLE d ADD CONSTRAINT c CHECK (n < 1001);
  ALTER TABLE d ADD CONSTRAINT c2 CHECK (n <> 700) NOT VALID;
  ALTER TABLE d ADD CONSTRAINT c3 CHECK (n <> 701) NOT VALID, ADD CHECK (n > 0);
$$);
CALL twin.fail('23514', $$
  ALTER TABLE d VALIDATE CONSTRAINT c2;
  ALTER TABLE d VALIDATE CONSTRAINT c3;
$$);
CALL twin.fail('23502', $$ ALTER TABLE d ALTER name SET NOT NULL $$);
CALL twin.run($$ ALTER TABLE d ALTER n SET NOT NULL $$);
CALL twin.fail('23502', $$ INSERT INTO d VALUES (2000, NULL) $$);
CALL twin.fail('23514', $$ UPDATE d SET n = n WHERE _id = 700 $$);
CALL twin.run($$
  DELETE FROM d WHERE _id IN (700, 701);
  ALTER TABLE d VALIDATE CONSTRAINT c2;
  ALTER TABLE d VALIDATE CONSTRAINT c3;
  ALTER TABLE d ALTER name SET NOT NULL;
$$);
CALL twin.fail('23502', $$ ALTER TABLE d ADD COLUMN m int NOT NULL $$);
-- A heap table numbers its rows; documents are not rewritten, so that the column cannot be.
ALTER FOREIGN TABLE d ADD COLUMN s serial;
CALL twin.run($$
  ALTER TABLE d ADD COLUMN m int;
  ALTER TABLE d ADD CHECK (m > 0);
  ALTER TABLE d DROP COLUMN m;
$$);
CALL twin.fail('23514', $$
  ALTER TABLE parent ATTACH PARTITION d FOR VALUES FROM (0) TO (1000);
$$);
CALL twin.run($$
  ALTER TABLE parent ATTACH PARTITION d FOR VALUES FROM (1) TO (1001);
  SELECT * FROM parent ORDER BY _id;
  ALTER TABLE parent DETACH PARTITION d;
$$);
-- As ALTER FOREIGN TABLE, with the message.
ALTER FOREIGN TABLE d ADD CHECK (n > 1);
ALTER FOREIGN TABLE d ADD CHECK (n > 0), ADD COLUMN m int NOT NULL;
ALTER FOREIGN TABLE IF EXISTS absent ADD CHECK (n < 2);
-- A partition that is created over a collection, or is moved to one.
CREATE FOREIGN TABLE part PARTITION OF parent FOR VALUES FROM (0) TO (1000) SERVER quire
  OPTIONS (collection 'd');
CREATE FOREIGN TABLE part PARTITION OF parent (n NOT NULL) FOR VALUES FROM (1) TO (1001)
  SERVER quire OPTIONS (collection 'd');
SELECT count(*) FROM parent;
DROP FOREIGN TABLE part;
CREATE FOREIGN TABLE part PARTITION OF parent FOR VALUES FROM (0) TO (1000) SERVER quire;
ALTER FOREIGN TABLE part OPTIONS (ADD collection 'd');
SELECT count(*) FROM parent;
DROP FOREIGN TABLE part;

-- A collection that is new has no documents to look at, whatever the isolation.
BEGIN ISOLATION LEVEL SERIALIZABLE;
CREATE FOREIGN TABLE fresh PARTITION OF parent FOR VALUES FROM (10000) TO (11000) SERVER quire;
ROLLBACK;
-- What a new partition takes must not be in the default one.
CREATE FOREIGN TABLE rest PARTITION OF parent DEFAULT SERVER quire;
CREATE TABLE existing_twin.rest PARTITION OF existing_twin.parent DEFAULT;
CALL twin.run($$ INSERT INTO parent VALUES (5000, 1, 'five') $$);
CALL twin.fail('23514', $$
  CREATE TABLE part PARTITION OF parent FOR VALUES FROM (4000) TO (6000);
  CREATE TABLE part PARTITION OF parent FOR VALUES FROM (5000) TO (5001) PARTITION BY LIST (n);
$$);
CALL twin.run($$
  CREATE TABLE part PARTITION OF parent FOR VALUES FROM (4000) TO (5000);
  CREATE TABLE more (LIKE parent);
$$);
CALL twin.fail('23514', $$
  ALTER TABLE parent ATTACH PARTITION more FOR VALUES FROM (5000) TO (6000);
$$);
CALL twin.run($$
  ALTER TABLE parent ATTACH PARTITION more FOR VALUES FROM (5001) TO (6000);
  SELECT _id, n, name FROM parent WHERE _id = 5000;
$$);
CREATE FOREIGN TABLE other PARTITION OF parent FOR VALUES FROM (5000) TO (5001) SERVER quire;
-- Only what is validated is looked at: a key of the parent's is no matter of its children.
CREATE TABLE referenced (_id int PRIMARY KEY);
CREATE TABLE referring (_id int, CONSTRAINT key FOREIGN KEY (_id) REFERENCES referenced NOT VALID);
CREATE FOREIGN TABLE referring_too (CHECK (_id > 1)) INHERITS (referring) SERVER quire
  OPTIONS (collection 'd');
ALTER TABLE referring VALIDATE CONSTRAINT key;
-- A parent hands its constraints on.
CREATE TABLE above (_id int, n int);
CREATE FOREIGN TABLE below () INHERITS (above) SERVER quire;
CREATE TABLE existing_twin.above (_id int, n int);
CREATE TABLE existing_twin.below () INHERITS (existing_twin.above);
CALL twin.run($$ INSERT INTO below VALUES (1, 1) $$);
CALL twin.fail('23514', $$ ALTER TABLE above ADD CHECK (n > 1) $$);
CALL twin.run($$
  ALTER TABLE above ADD CHECK (n > 0);
  ALTER TABLE above ADD CHECK (n > 1) NO INHERIT;
  ALTER TABLE above ADD CONSTRAINT validated CHECK (n > 2) NOT VALID;
$$);
CALL twin.fail('23514', $$ ALTER TABLE above VALIDATE CONSTRAINT validated $$);
CALL twin.run($$
  ALTER TABLE above DROP CONSTRAINT validated;
  SELECT conname, conrelid::regclass FROM pg_constraint
    WHERE conrelid IN ('above'::regclass, 'below'::regclass) ORDER BY 1, 2;
$$);
-- What the transaction itself has written counts, what it took back does not.
BEGIN;
CALL twin.run($$ INSERT INTO below VALUES (2, 2) $$);
CALL twin.fail('23514', $$ ALTER TABLE below ADD CONSTRAINT later CHECK (n < 2) $$);
ROLLBACK;
CALL twin.run($$
  ALTER TABLE below ADD CONSTRAINT later CHECK (n < 2);
  SELECT * FROM above;
$$);

TABLE twin.report;
CALL twin.finish('existing');

-- INSERT and COPY write several rows at once. Nobody can tell: what a statement and those whom it
-- calls have seen is the same on the heap twin.
\getenv source PG_ABS_SRCDIR
\i :source/sql/twin/harness.sql
CREATE SCHEMA joined;
SET search_path = joined;
CREATE FOREIGN TABLE docs (_id int NOT NULL, n int, s text) SERVER quire;
CALL twin.make('docs');
-- What functions and triggers have seen, on each side.
CREATE TABLE seen (n int GENERATED ALWAYS AS IDENTITY, what text);
CREATE TABLE joined_twin.seen (LIKE seen INCLUDING IDENTITY);
CREATE TABLE numbers AS SELECT i FROM generate_series(1, 1000) i;

-- Runs a statement on each side, and compares what its error says, the rows, and what was seen.
CREATE FUNCTION detail(expected text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text := '00000';
  detail text;
BEGIN
  BEGIN
    EXECUTE statement;
  EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL;
  END;
  IF state <> expected THEN
    RAISE EXCEPTION '%', state;
  END IF;
  RETURN detail;
END $$;
CREATE PROCEDURE twice(statement text, expected text DEFAULT '00000') LANGUAGE plpgsql AS $$
BEGIN
  PERFORM twin.compare(format('SELECT detail(%L, %L)', expected, statement), '00000');
  PERFORM twin.compare('SELECT * FROM docs ORDER BY _id', '00000');
  PERFORM twin.compare('SELECT what FROM seen ORDER BY n', '00000');
END $$;

-- Several batches, and parts of one.
CALL twice('INSERT INTO docs SELECT i, i, ''a'' FROM numbers');
CALL twice('INSERT INTO docs VALUES (2001, 1), (2002, 2), (2003, NULL)');
CALL twice('INSERT INTO docs SELECT _id + 3000, n FROM docs');
-- A duplicate in a later batch, within one, and of a row that comes right before.
CALL twice('INSERT INTO docs SELECT 20000 - i FROM generate_series(1, 19000) i', '23505');
CALL twice('INSERT INTO docs VALUES (7001), (7002), (7003), (7002), (7004)', '23505');
CALL twice('INSERT INTO docs VALUES (7001), (7002), (7002)', '23505');
CALL twice('INSERT INTO docs SELECT i % 7 + 7000 FROM numbers ON CONFLICT DO NOTHING');
CALL twice('WITH w AS (INSERT INTO docs SELECT i + 8000 FROM numbers RETURNING _id)
            INSERT INTO seen (what) SELECT sum(_id) FROM w');

-- A function that is called for each row looks for the rows before it, by scan and by key.
CREATE FUNCTION look(i int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  a int := (SELECT count(*) FROM docs WHERE _id BETWEEN 10000 AND 10999);
  b int := (SELECT count(*) FROM docs WHERE _id = i - 1);
BEGIN
  INSERT INTO seen (what) VALUES (a || ' ' || b);
  RETURN i;
END $$;
CALL twice('INSERT INTO docs SELECT look(i + 10000) FROM numbers WHERE i <= 30');
-- It changes and removes some of them.
CREATE FUNCTION meddle(i int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF i % 3 = 0 THEN UPDATE docs SET n = -1 WHERE _id = i - 1; END IF;
  IF i % 5 = 0 THEN DELETE FROM docs WHERE _id = i - 2; END IF;
  IF i % 7 = 0 THEN INSERT INTO docs VALUES (i + 500); END IF;
  RETURN i;
END $$;
CALL twice('INSERT INTO docs SELECT meddle(i + 11000), i FROM numbers WHERE i <= 100');
-- It fails now and then, in a subtransaction that is rolled back: the rows before it stay.
CREATE FUNCTION stumble(i int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  BEGIN
    INSERT INTO docs VALUES (i + 500);
    IF i % 3 = 0 THEN PERFORM 1 / 0; END IF;
  EXCEPTION WHEN division_by_zero THEN
    INSERT INTO seen (what) SELECT count(*) FROM docs WHERE _id BETWEEN 12000 AND 12999;
  END;
  RETURN i;
END $$;
CALL twice('INSERT INTO docs SELECT stumble(i + 12000), i FROM numbers WHERE i <= 100');
-- A duplicate that a subtransaction's begin brings to light is the statement's error, not its.
CREATE FUNCTION swallow(i int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  BEGIN
    PERFORM 1;
  EXCEPTION WHEN OTHERS THEN
    RETURN i;
  END;
  RETURN i;
END $$;
CALL twice('INSERT INTO docs SELECT swallow(CASE i WHEN 5 THEN 13003 ELSE i + 13000 END)
              FROM numbers WHERE i <= 20', '23505');
CALL twice('INSERT INTO docs SELECT swallow(i + 13000) FROM numbers WHERE i <= 20');
-- A cursor that is open reads on.
CREATE FUNCTION read_on(c refcursor, i int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  r record;
BEGIN
  FETCH c INTO r;
  INSERT INTO seen (what) VALUES (r::text);
  RETURN i;
END $$;
CALL twice($$ DO $do$
DECLARE
  c refcursor;
BEGIN
  OPEN c FOR SELECT _id FROM docs WHERE _id > 13000 ORDER BY _id;
  INSERT INTO docs SELECT read_on(c, i + 14000) FROM numbers WHERE i <= 30;
END $do$ $$);

-- Triggers are told of each row, and see what is there by then.
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO seen (what) SELECT concat_ws(' ', TG_WHEN, TG_LEVEL, count(*)) FROM docs;
  RETURN NEW;
END $$;
CALL twice('CREATE TRIGGER after_statement AFTER INSERT ON docs FOR EACH STATEMENT
            EXECUTE FUNCTION tell()');
CALL twice('INSERT INTO docs SELECT i + 15000 FROM numbers WHERE i <= 20');
CALL twice('CREATE TRIGGER after_row AFTER INSERT ON docs FOR EACH ROW EXECUTE FUNCTION tell()');
CALL twice('INSERT INTO docs SELECT i + 16000 FROM numbers WHERE i <= 20');
CALL twice('DROP TRIGGER after_statement ON docs');
CALL twice('DROP TRIGGER after_row ON docs');
-- A trigger of another table, fired by the same statement.
CREATE TABLE other (n int);
CREATE TRIGGER tell AFTER INSERT ON other FOR EACH ROW EXECUTE FUNCTION tell();
CALL twice('WITH w AS (INSERT INTO docs SELECT i + 17000 FROM numbers WHERE i <= 20)
            INSERT INTO other VALUES (1)');

-- COPY, with a default that looks, and with a duplicate.
CALL twice('ALTER TABLE docs ALTER n SET DEFAULT look(0)');
COPY docs (_id, s) FROM STDIN;
18001	a
18002	b
18003	c
\.
SET search_path = joined_twin, joined;
COPY docs (_id, s) FROM STDIN;
18001	a
18002	b
18003	c
\.
SET search_path = joined;
CALL twice('ALTER TABLE docs ALTER n DROP DEFAULT');
COPY docs (_id, s) FROM STDIN;
19001	a
19002	b
19001	c
19003	d
\.
COPY docs (_id, s) FROM STDIN;
19001	a
19002	{"b
19003
\.
CALL twin.run($$ SELECT count(*) FROM docs WHERE _id > 19000 $$);

-- Partitions: rows go to two collections.
CREATE TABLE parted (_id int NOT NULL, n int) PARTITION BY RANGE (_id);
CREATE FOREIGN TABLE joined_low PARTITION OF parted FOR VALUES FROM (0) TO (100) SERVER quire;
CREATE FOREIGN TABLE joined_high PARTITION OF parted FOR VALUES FROM (100) TO (1000) SERVER quire;
CREATE TABLE joined_twin.parted (_id int PRIMARY KEY, n int);
CALL twin.run($$ INSERT INTO parted SELECT i, i FROM generate_series(0, 999) i $$);
COPY parted FROM STDIN;
1	1
\.
CALL twin.run($$ SELECT * FROM parted ORDER BY _id $$);
SELECT (SELECT count(*) FROM joined_low), (SELECT count(*) FROM joined_high);

TABLE twin.report;
CALL twin.finish('joined');

-- INSERT and COPY write several rows at once. Nobody can tell: each statement runs on a collection
-- and on a heap twin, and what it and those whom it calls have seen is the same.
CREATE SCHEMA joined;
SET search_path = joined;
CREATE FOREIGN TABLE docs (_id int NOT NULL, n int, s text) SERVER quire;
CREATE TABLE heap (_id int PRIMARY KEY, n int, s text);
CREATE TABLE seen (tab text, what text, n int GENERATED ALWAYS AS IDENTITY);
CREATE TABLE numbers AS SELECT i FROM generate_series(1, 1000) i;

-- Runs a statement on both, %1$s being the table.
CREATE FUNCTION twice(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE t text; result text[] := '{}'; message text; detail text;
BEGIN
  FOREACH t IN ARRAY ARRAY['docs', 'heap'] LOOP
    BEGIN
      EXECUTE format(statement, t);
      result := result || 'done'::text;
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
      result := result || (SQLSTATE || ' ' || detail);
    END;
  END LOOP;
  RETURN CASE WHEN result[1] = result[2] THEN result[1] ELSE result::text END;
END $$;
CREATE FUNCTION difference() RETURNS text LANGUAGE sql AS $$
  SELECT (SELECT count(*) FROM docs) || ' rows, ' ||
    (SELECT count(*) FROM docs d FULL JOIN heap h USING (_id)
      WHERE (d.n, d.s) IS DISTINCT FROM (h.n, h.s)) || ' differ; ' ||
    (SELECT count(*) FROM seen WHERE tab = 'docs') || ' seen, ' ||
    (SELECT count(*) FROM (SELECT what, row_number() OVER (ORDER BY n) FROM seen WHERE tab = 'docs'
       EXCEPT SELECT what, row_number() OVER (ORDER BY n) FROM seen WHERE tab = 'heap') x) ||
       ' differ'
$$;

-- Several batches, and parts of one.
SELECT twice('INSERT INTO %1$s SELECT i, i, ''a'' FROM numbers'), difference();
SELECT twice('INSERT INTO %1$s VALUES (2001, 1), (2002, 2), (2003, NULL)'), difference();
SELECT twice('INSERT INTO %1$s SELECT _id + 3000, n FROM %1$s'), difference();
-- A duplicate in a later batch, within one, and of a row that comes right before.
SELECT twice('INSERT INTO %1$s SELECT 20000 - i FROM generate_series(1, 19000) i'), difference();
SELECT twice('INSERT INTO %1$s VALUES (7001), (7002), (7003), (7002), (7004)'), difference();
SELECT twice('INSERT INTO %1$s VALUES (7001), (7002), (7002)'), difference();
SELECT twice('INSERT INTO %1$s SELECT i %% 7 + 7000 FROM numbers ON CONFLICT DO NOTHING'),
  difference();
SELECT twice('WITH w AS (INSERT INTO %1$s SELECT i + 8000 FROM numbers RETURNING _id)
             INSERT INTO seen SELECT ''%1$s'', sum(_id) FROM w'), difference();

-- A function that is called for each row looks for the rows before it, by scan and by key.
CREATE FUNCTION look(t text, i int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
DECLARE a int; b int;
BEGIN
  EXECUTE format('SELECT count(*) FROM %s WHERE _id BETWEEN 10000 AND 10999', t) INTO a;
  EXECUTE format('SELECT count(*) FROM %s WHERE _id = %s', t, i - 1) INTO b;
  INSERT INTO seen (tab, what) VALUES (t, a || ' ' || b);
  RETURN i;
END $$;
SELECT twice('INSERT INTO %1$s SELECT look(''%1$s'', i + 10000) FROM numbers WHERE i <= 30'),
  difference();
-- It changes and removes some of them.
CREATE FUNCTION meddle(t text, i int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF i % 3 = 0 THEN EXECUTE format('UPDATE %s SET n = -1 WHERE _id = %s', t, i - 1); END IF;
  IF i % 5 = 0 THEN EXECUTE format('DELETE FROM %s WHERE _id = %s', t, i - 2); END IF;
  IF i % 7 = 0 THEN EXECUTE format('INSERT INTO %s VALUES (%s)', t, i + 500); END IF;
  RETURN i;
END $$;
SELECT twice('INSERT INTO %1$s SELECT meddle(''%1$s'', i + 11000), i FROM numbers WHERE i <=
  100'), difference();
-- It fails now and then, in a subtransaction that is rolled back: the rows before it stay.
CREATE FUNCTION stumble(t text, i int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  BEGIN
    EXECUTE format('INSERT INTO %s VALUES (%s)', t, i + 500);
    IF i % 3 = 0 THEN PERFORM 1 / 0; END IF;
  EXCEPTION WHEN division_by_zero THEN
    EXECUTE format('INSERT INTO seen SELECT %L, count(*) FROM %s WHERE _id BETWEEN 12000 AND
    12999', t, t);
  END;
  RETURN i;
END $$;
SELECT twice('INSERT INTO %1$s SELECT stumble(''%1$s'', i + 12000), i FROM numbers WHERE i <=
  100'), difference();
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
SELECT twice('INSERT INTO %1$s SELECT swallow(CASE i WHEN 5 THEN 13003 ELSE i + 13000 END) FROM
  numbers WHERE i <= 20'),
  difference();
-- A cursor that is open reads on.
CREATE FUNCTION read_on(t text, c refcursor, i int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
DECLARE r record;
BEGIN
  FETCH c INTO r;
  INSERT INTO seen (tab, what) VALUES (t, r::text);
  RETURN i;
END $$;
BEGIN;
DECLARE docs_cursor CURSOR FOR SELECT _id FROM docs WHERE _id > 13000 ORDER BY _id;
DECLARE heap_cursor CURSOR FOR SELECT _id FROM heap WHERE _id > 13000 ORDER BY _id;
SELECT twice('INSERT INTO %1$s SELECT read_on(''%1$s'', ''%1$s_cursor'', i + 14000) FROM numbers
  WHERE i <= 20'), difference();
ROLLBACK;

-- Triggers are told of each row, and see what is there by then.
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE a int;
BEGIN
  EXECUTE format('SELECT count(*) FROM %I', TG_TABLE_NAME) INTO a;
  INSERT INTO seen (tab, what) VALUES (TG_TABLE_NAME, TG_WHEN || ' ' || TG_LEVEL || ' ' || a);
  RETURN NEW;
END $$;
CREATE TRIGGER after_statement AFTER INSERT ON docs FOR EACH STATEMENT EXECUTE FUNCTION tell();
CREATE TRIGGER after_statement AFTER INSERT ON heap FOR EACH STATEMENT EXECUTE FUNCTION tell();
SELECT twice('INSERT INTO %1$s SELECT i + 15000 FROM numbers WHERE i <= 20'), difference();
CREATE TRIGGER after_row AFTER INSERT ON docs FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER after_row AFTER INSERT ON heap FOR EACH ROW EXECUTE FUNCTION tell();
SELECT twice('INSERT INTO %1$s SELECT i + 16000 FROM numbers WHERE i <= 20'), difference();
DROP TRIGGER after_statement ON docs; DROP TRIGGER after_statement ON heap;
DROP TRIGGER after_row ON docs; DROP TRIGGER after_row ON heap;
-- A trigger of another table, fired by the same statement.
CREATE TABLE other (t text);
CREATE FUNCTION tell_other() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE a int;
BEGIN
  EXECUTE format('SELECT count(*) FROM %s', NEW.t) INTO a;
  INSERT INTO seen (tab, what) VALUES (NEW.t, a);
  RETURN NEW;
END $$;
CREATE TRIGGER tell AFTER INSERT ON other FOR EACH ROW EXECUTE FUNCTION tell_other();
SELECT twice('WITH w AS (INSERT INTO %1$s SELECT i + 17000 FROM numbers WHERE i <= 20)
             INSERT INTO other VALUES (''%1$s'')'), difference();

-- COPY, with a default that looks, and with a duplicate.
ALTER FOREIGN TABLE docs ALTER n SET DEFAULT look('docs', 0);
ALTER TABLE heap ALTER n SET DEFAULT look('heap', 0);
COPY docs (_id, s) FROM STDIN;
18001	a
18002	b
18003	c
\.
COPY heap (_id, s) FROM STDIN;
18001	a
18002	b
18003	c
\.
SELECT difference();
ALTER FOREIGN TABLE docs ALTER n DROP DEFAULT;
ALTER TABLE heap ALTER n DROP DEFAULT;
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
SELECT count(*) FROM docs WHERE _id > 19000;

-- Partitions: rows go to two collections.
CREATE TABLE parted (_id int NOT NULL, n int) PARTITION BY RANGE (_id);
CREATE FOREIGN TABLE joined_low PARTITION OF parted FOR VALUES FROM (0) TO (100) SERVER quire;
CREATE FOREIGN TABLE joined_high PARTITION OF parted FOR VALUES FROM (100) TO (1000) SERVER quire;
INSERT INTO parted SELECT i, i FROM generate_series(0, 999) i;
COPY parted FROM STDIN;
1	1
\.
SELECT (SELECT count(*) FROM joined_low), (SELECT count(*) FROM joined_high), (SELECT sum(n) FROM
  parted);

SET client_min_messages = warning;
DROP SCHEMA joined CASCADE;

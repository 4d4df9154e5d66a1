\set ECHO none
-- The twin form of a pg_regress file: every statement runs on collections and on heap tables of the
-- same names, and both must give the same rows, or fail with the same SQLSTATE.
--
--   \getenv source PG_ABS_SRCDIR
--   \i :source/sql/twin/harness.sql
--   CREATE SCHEMA s; SET search_path = s;
--   CREATE FOREIGN TABLE people (_id int, name text, _doc jsonb) SERVER quire;
--   CALL twin.make('people');            -- the heap twin, s_twin.people (table.sql)
--   CALL twin.make_functions();          -- doc_get and so on (functions.sql), if they are tested
--   CALL twin.run($$
--     INSERT INTO people VALUES (1, 'Ada');
--     SELECT * FROM people WHERE name > 'A' ORDER BY _id;
--   $$);
--   CALL twin.fail('23505', $$ INSERT INTO people VALUES (1, 'Ada') $$);
--   TABLE twin.report;
--   CALL twin.finish('s');               -- drops both schemas
--
-- twin.run(statements) runs statements that succeed, twin.fail(sqlstate, statements) such as fail
-- with that SQLSTATE. A semicolon at a line's end parts statements. For the second side the schema
-- "<first of the search path>_twin" stands before the search path, so a statement names its tables
-- without schema, and tables that have no twin are the same for both; so do the bodies of PL/pgSQL
-- functions. Rows are compared as text, as a set, or in order when the statement ends in an
-- ORDER BY that no bracket follows. DDL, COPY and EXPLAIN are not for this.
--
-- What differs is a WARNING at once, which no rollback takes back and no expected file has, and
-- counts in the view twin.report, with which a file ends.
--
-- Savepoints and isolation levels are the session's: BEGIN, SAVEPOINT, ROLLBACK TO stand outside
-- the calls. Each statement runs in a subtransaction of its own.
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS twin CASCADE;
\ir shown_value.sql
\ir table.sql
\ir functions.sql

-- What became of a statement.
CREATE TYPE twin.outcome AS (state text, message text, changed bigint, rows text[]);

-- Counters that outlive a rollback.
CREATE SEQUENCE twin.statements MINVALUE 0;
CREATE SEQUENCE twin.row_count MINVALUE 0;
CREATE SEQUENCE twin.failures MINVALUE 0;
CREATE SEQUENCE twin.different MINVALUE 0;
SELECT setval(s, 0) FROM unnest('{twin.statements,twin.row_count,twin.failures,twin.different}'
                                ::regclass[]) AS s
\g /dev/null
CREATE VIEW twin.report AS
  SELECT s.last_value AS statements, r.last_value AS rows, f.last_value AS "fail alike",
         d.last_value AS different
    FROM twin.statements s, twin.row_count r, twin.failures f, twin.different d;

CREATE FUNCTION twin.outcome_of(statement text, path text) RETURNS twin.outcome LANGUAGE plpgsql AS
$$
DECLARE
  before text := current_setting('search_path');
  result twin.outcome;
  one record;
BEGIN
  result.state := '00000';
  BEGIN
    PERFORM set_config('search_path', path, true);
    BEGIN
      FOR one IN EXECUTE statement LOOP
        result.rows := array_append(result.rows, one::text);
      END LOOP;
    EXCEPTION WHEN invalid_cursor_definition THEN
      -- It returns no rows.
      EXECUTE statement;
      GET DIAGNOSTICS result.changed = ROW_COUNT;
    END;
    -- What has been put off until the end of a transaction belongs to the statement.
    SET CONSTRAINTS ALL IMMEDIATE;
  EXCEPTION WHEN OTHERS THEN
    result := (SQLSTATE, SQLERRM, NULL, '{}');
  END;
  PERFORM set_config('search_path', before, true);
  result.rows := coalesce(result.rows, '{}');
  IF statement !~* '\morder by\M[^()]*$' THEN
    result.rows := ARRAY (SELECT r FROM unnest(result.rows) AS r ORDER BY r COLLATE "C");
  END IF;
  RETURN result;
END $$;

CREATE FUNCTION twin.compare(statement text, expected text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  path text := current_setting('search_path');
  twins text := quote_ident(current_schema() || '_twin');
  document twin.outcome;
  heap twin.outcome;
BEGIN
  -- Without it both sides would be the collection.
  IF to_regnamespace(twins) IS NULL THEN
    RAISE EXCEPTION 'there is no schema % with twins', twins;
  END IF;
  document := twin.outcome_of(statement, path);
  heap := twin.outcome_of(statement, twins || ', ' || path);
  PERFORM nextval('twin.statements');
  IF document.state = heap.state AND document.state = expected AND document.state <> '00000' THEN
    PERFORM nextval('twin.failures');
  ELSIF document.rows = heap.rows AND document.changed IS NOT DISTINCT FROM heap.changed AND
      document.state = heap.state AND document.state = expected THEN
    PERFORM setval('twin.row_count', (SELECT last_value FROM twin.row_count) +
      coalesce(document.changed, cardinality(document.rows)));
  ELSE
    PERFORM nextval('twin.different');
    RAISE WARNING E'% should give %\ncollection: %\nheap table: %', statement, expected,
      left(document::text, 1000), left(heap::text, 1000);
  END IF;
END $$;
CREATE PROCEDURE twin.run_all(expected text, statements text) LANGUAGE plpgsql AS $$
DECLARE
  statement text;
BEGIN
  FOREACH statement IN ARRAY regexp_split_to_array(statements, ';[ \t]*(\n|$)') LOOP
    statement := btrim(statement, E' \t\n');
    IF statement <> '' THEN
      PERFORM twin.compare(statement, expected);
    END IF;
  END LOOP;
END $$;
CREATE PROCEDURE twin.run(statements text) LANGUAGE sql AS $$
  CALL twin.run_all('00000', statements)
$$;
CREATE PROCEDURE twin.fail(state text, statements text) LANGUAGE sql AS $$
  CALL twin.run_all(state, statements)
$$;
-- Drops the schema and its twins.
CREATE PROCEDURE twin.finish(schema text) LANGUAGE plpgsql AS $$
BEGIN
  SET LOCAL client_min_messages = warning;
  EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', schema || '_twin');
  EXECUTE format('DROP SCHEMA %I CASCADE', schema);
END $$;
RESET client_min_messages;
\set ECHO all

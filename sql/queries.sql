-- Reading documents together with ordinary tables.
\getenv source PG_ABS_SRCDIR
\i :source/sql/twin/harness.sql
CREATE SCHEMA queries;
SET search_path = queries;
CREATE FOREIGN TABLE people (_id int, name text, boss int, dept text OPTIONS (path 'job.dept'),
  tags text[], _doc jsonb) SERVER quire;
CALL twin.make('people');
CALL twin.run($$
  INSERT INTO people
    SELECT i, 'name ' || i, nullif(i / 2, 0), (ARRAY['a', 'b', NULL, 'c'])[i % 4 + 1],
           ARRAY[i::text, (i % 3)::text]
      FROM generate_series(1, 500) AS i;
$$);
CREATE TABLE depts (dept text PRIMARY KEY, title text, head int);
INSERT INTO depts VALUES ('a', 'Department A', 3), ('b', 'Department B', 7), ('d', 'Nobody', 9999);
ANALYZE depts, queries_twin.people;

CALL twin.run($$
  SELECT p._id, title FROM people p JOIN depts USING (dept);
  SELECT d.dept, p.name FROM depts d LEFT JOIN people p ON p._id = d.head;
  SELECT p.name, b.name FROM people p JOIN people b ON b._id = p.boss WHERE p._id > 450;
  SELECT p.name, b.name FROM people p LEFT JOIN people b ON b._id = p.boss WHERE p._id < 4;
  SELECT p.name FROM people p WHERE EXISTS (SELECT FROM depts d WHERE d.head = p._id);
  SELECT p.name FROM people p WHERE p._id IN (SELECT head FROM depts);
  SELECT p.name FROM people p WHERE p._id NOT IN (SELECT boss FROM people WHERE boss IS NOT NULL);
  SELECT d.*, x.* FROM depts d, LATERAL (SELECT name FROM people WHERE _id = d.head) x;
  SELECT d.*, x.* FROM depts d, LATERAL
    (SELECT name FROM people WHERE _id = ANY (ARRAY[d.head, 1])) x;
  -- The key, other columns and values of other tables, all equal.
  SELECT d.dept, p.name FROM depts d JOIN people p ON p._id = d.head AND p._id = length(title) - 9;
  SELECT d.dept, p.name FROM depts d JOIN people p ON p._id = d.head AND p._id = 7;
  SELECT d.dept, p.name FROM depts d JOIN people p ON p.boss = d.head AND p._id = d.head;
  SELECT d.dept, p.name FROM depts d JOIN people p ON p.boss = d.head AND p._id = p.boss;
  SELECT d.dept, p.name FROM depts d LEFT JOIN people p ON p.boss = d.head AND p._id = d.head;
  SELECT dept, count(*), min(name), max(_id), sum(boss) FROM people GROUP BY dept;
  SELECT dept, tags[2], count(*) FROM people GROUP BY ROLLUP (1, 2) HAVING count(*) > 50;
  SELECT * FROM (SELECT _id, row_number() OVER (PARTITION BY dept ORDER BY _id DESC) r
    FROM people) w WHERE r = 1;
  SELECT DISTINCT dept FROM people;
  SELECT name FROM people ORDER BY dept NULLS FIRST, _id DESC LIMIT 7 OFFSET 3;
  SELECT _id FROM people WHERE '1' = ANY (tags) AND dept IS NULL;
  SELECT _id FROM people WHERE name LIKE 'name 4_' OR boss BETWEEN 10 AND 12;
  SELECT p FROM people p WHERE p._id = 7 AND p.name IS NULL;
  SELECT count(*) FROM people a FULL JOIN people b ON a._id = b.boss;
  WITH RECURSIVE up AS (SELECT _id, boss FROM people WHERE _id = 500 UNION
    SELECT p._id, p.boss FROM people p JOIN up ON p._id = up.boss) SELECT * FROM up;
  SELECT _id FROM people WHERE _id <= 3 UNION ALL SELECT _id FROM people WHERE _id = 2;
  SELECT (SELECT b.name FROM people b WHERE b._id = p.boss) FROM people p WHERE p._id < 9;
  SELECT 1 FROM people WHERE false;
$$);

-- Whole rows, and no column at all.
CALL twin.run($$
  SELECT p FROM people p WHERE _id = 1;
  SELECT (p)._doc->>'name' FROM people p WHERE _id = 1;
  SELECT count(*) FROM people;
  SELECT EXISTS (SELECT FROM people WHERE _id = 1), EXISTS (SELECT FROM people WHERE _id = 0);
  SELECT FROM people WHERE dept = 'a';
$$);
SELECT p FROM people p WHERE _id = 1;
SELECT tableoid::regclass, _id FROM people WHERE _id = 1;

-- Plans: a key that another table gives is looked up, not searched for.
EXPLAIN (COSTS OFF) SELECT p.name FROM depts d JOIN people p ON p._id = d.head;
EXPLAIN (COSTS OFF) SELECT p.name FROM depts d JOIN people p ON p._id = ANY (ARRAY[d.head, 1]);
EXPLAIN (COSTS OFF) SELECT b.name FROM people p JOIN people b ON b._id = p.boss WHERE p._id = 9;
EXPLAIN (COSTS OFF) SELECT d.title FROM depts d LEFT JOIN people p ON p._id = d.head;
EXPLAIN (COSTS OFF, VERBOSE) SELECT name FROM people WHERE _id = 1 AND dept = 'a';
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT name FROM people WHERE dept = 'a';
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)
  SELECT p.name FROM depts d JOIN people p ON p._id = d.head;
EXPLAIN (COSTS OFF, FORMAT json) SELECT name FROM people WHERE _id = 1;
-- Estimates.
CREATE FUNCTION estimated_rows(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
  RETURN plan->0->'Plan'->'Plan Rows';
END $$;
SELECT estimated_rows('SELECT * FROM people'),
       estimated_rows('SELECT * FROM people WHERE _id = 1'),
       estimated_rows('SELECT * FROM people WHERE _id IN (1, 2, 3)'),
       estimated_rows('SELECT * FROM depts JOIN people ON _id = head'),
       estimated_rows('SELECT * FROM people JOIN people b ON b._id = people.boss')
         BETWEEN 400 AND 500;

-- Prepared statements: the plan that serves every value looks the key up as well.
PREPARE get(int) AS SELECT name FROM people WHERE _id = $1;
PREPARE get_many(int[]) AS SELECT name FROM people WHERE _id = ANY ($1) ORDER BY _id;
PREPARE change(int, text) AS UPDATE people SET name = $2 WHERE _id = $1 RETURNING name;
SET plan_cache_mode = force_generic_plan;
CALL twin.run($$
  EXECUTE get(5);
  EXECUTE get(6);
  EXECUTE get(NULL);
  EXECUTE get_many('{5,6,NULL,6}');
  EXECUTE get_many('{}');
  EXECUTE get_many(NULL);
  EXECUTE change(5, 'five');
  EXECUTE change(6, 'six');
  SELECT * FROM people WHERE _id IN (5, 6);
$$);
EXPLAIN (COSTS OFF) EXECUTE get(5);
EXPLAIN (COSTS OFF) EXECUTE get_many('{5,6}');
EXPLAIN (COSTS OFF) EXECUTE change(5, 'x');
-- They follow changes of the table.
ALTER FOREIGN TABLE people ALTER COLUMN name OPTIONS (ADD path 'tags.0');
EXECUTE get(5);
ALTER FOREIGN TABLE people ALTER COLUMN name OPTIONS (DROP path);
EXECUTE get(5);
DEALLOCATE ALL;
RESET plan_cache_mode;

-- The same plan again and again within a function.
CREATE FUNCTION name_of(id int) RETURNS text LANGUAGE plpgsql AS
  'BEGIN RETURN (SELECT name FROM people WHERE _id = id); END';
CALL twin.run($$ SELECT string_agg(name_of(i), ' ') FROM generate_series(4, 14) AS i $$);

-- Rescans.
SET enable_material = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
CALL twin.run($$
  SELECT count(*), sum(p._id) FROM generate_series(1, 3) AS g, people p WHERE p._id % 100 = g;
  SELECT g, (SELECT count(*) FROM people WHERE _id <= g) FROM generate_series(1, 3) AS g;
$$);
RESET enable_material;
RESET enable_hashjoin;
RESET enable_mergejoin;

-- Views, and what they let through.
CREATE VIEW department_a WITH (security_barrier) AS
  SELECT _id, name FROM people WHERE dept = 'a' WITH CHECK OPTION;
SELECT count(*) FROM department_a;
SELECT * FROM department_a WHERE _id = 8;
SELECT * FROM department_a WHERE _id = 9;
EXPLAIN (COSTS OFF) SELECT * FROM department_a WHERE _id = 8;
UPDATE department_a SET name = 'viewed' WHERE _id = 8 RETURNING *;
UPDATE department_a SET name = 'viewed' WHERE _id = 9;
DELETE FROM department_a WHERE _id = 8;
INSERT INTO department_a VALUES (1001, 'not there');
CREATE VIEW everybody AS SELECT _id, dept, name FROM people WHERE _id > 100 WITH CHECK OPTION;
INSERT INTO everybody VALUES (1002, 'z', 'there') RETURNING *;
INSERT INTO everybody VALUES (1, 'z', 'not there');
UPDATE everybody SET _id = 2000 WHERE _id = 1002 RETURNING *;
UPDATE everybody SET _id = 0 WHERE _id = 2000;
-- A condition that could tell what is behind the barrier runs after it.
CREATE FUNCTION tell(text) RETURNS bool LANGUAGE plpgsql COST 0.0001 AS
  'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END';
SELECT count(*) FROM department_a WHERE _id IN (4, 5) AND tell(name);

-- Privileges are those of the table; of its columns too; a view's owner's behind a view.
CREATE ROLE quire_regress_reader;
GRANT USAGE ON SCHEMA queries TO quire_regress_reader;
GRANT SELECT (_id, name) ON people TO quire_regress_reader;
GRANT SELECT ON everybody TO quire_regress_reader;
SET ROLE quire_regress_reader;
SELECT name FROM people WHERE _id = 4;
SELECT dept FROM people WHERE _id = 4;
SELECT dept FROM everybody WHERE _id = 104;
UPDATE people SET name = 'x';
INSERT INTO people VALUES (1);
DELETE FROM people;
RESET ROLE;

TABLE twin.report;
CALL twin.finish('queries');
DROP ROLE quire_regress_reader;

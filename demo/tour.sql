-- The guided tour: one statement or transaction per step, on the collections of load.sql.

\timing on

\echo
\echo '2. How many documents there are.'
\echo
SELECT (SELECT count(*) FROM countries) AS countries,
       (SELECT count(*) FROM subdivisions) AS subdivisions,
       (SELECT count(*) FROM languages) AS languages;

\echo
\echo '3. One document by its key, whole.'
\echo
SELECT _id, name, _doc FROM countries WHERE _id = 'SE';
EXPLAIN (COSTS OFF) SELECT _id, name, _doc FROM countries WHERE _id = 'SE';

\echo
\echo '4. Several by their keys, some of their fields.'
\echo
SELECT _id, flag, name FROM countries WHERE _id IN ('IS', 'NO', 'FI') ORDER BY _id;

\echo
\echo '5. Any SQL runs over a collection: what subdivisions are called, and how often.'
\echo
SELECT type, count(*) FROM subdivisions GROUP BY type ORDER BY count(*) DESC, type LIMIT 5;

\echo
\echo '6. An ordinary table beside them ...'
\echo
CREATE TABLE trips (traveller text, country text, days int);
INSERT INTO trips
  VALUES ('Ada', 'SE', 12), ('Ada', 'IT', 5), ('Grace', 'IS', 9), ('Grace', 'SE', 2);

\echo
\echo '   ... joined with two collections.'
\echo
SELECT t.traveller, t.days, c.flag, c.name, s.kinds AS subdivided_into
  FROM trips t
  JOIN countries c ON c._id = t.country
  JOIN (SELECT country, string_agg(DISTINCT type, ', ') AS kinds FROM subdivisions GROUP BY country)
       AS s ON s.country = c._id
 ORDER BY t.traveller, c.name;

\echo
\echo '7. Change one path. The rest of the document stays as it was; the version grows by one.'
\echo
UPDATE countries SET capital = 'Stockholm' WHERE _id = 'SE' RETURNING _id, _version, _doc;

\echo
\echo '8. An optimistic update: no row, because somebody (step 7) was faster.'
\echo
UPDATE countries SET capital = 'Uppsala' WHERE _id = 'SE' AND _version = 1;

\echo
\echo '9. A transaction over a collection and an ordinary table, rolled back ...'
\echo
BEGIN;
DELETE FROM countries WHERE _id = 'IT';
DELETE FROM trips WHERE country = 'IT';
SELECT (SELECT count(*) FROM countries WHERE _id = 'IT') AS documents,
       (SELECT count(*) FROM trips WHERE country = 'IT') AS trips;
ROLLBACK;

\echo
\echo '   ... and both are back.'
\echo
SELECT (SELECT count(*) FROM countries WHERE _id = 'IT') AS documents,
       (SELECT count(*) FROM trips WHERE country = 'IT') AS trips;

\echo
\echo '10. A savepoint takes back one part of a transaction, in both.'
\echo
BEGIN;
INSERT INTO countries (_id, name) VALUES ('XA', 'Atlantis');
INSERT INTO trips VALUES ('Plato', 'XA', 1);
SAVEPOINT doubt;
UPDATE countries SET capital = 'Poseidonis' WHERE _id = 'XA';
INSERT INTO trips VALUES ('Solon', 'XA', 1);
ROLLBACK TO doubt;
COMMIT;
SELECT c._doc, (SELECT array_agg(traveller) FROM trips WHERE country = c._id) AS travellers
  FROM countries c WHERE _id = 'XA';

\echo
\echo '11. A key exists once (this error is meant).'
\echo
\set ON_ERROR_STOP off
INSERT INTO countries (_id, name) VALUES ('SE', 'A second Sweden');
\set found :SQLSTATE
\set ON_ERROR_STOP on
SELECT :'found' = '23505' AS refused_as_a_duplicate;

\echo
\echo '12. COPY, and documents of any shape side by side.'
\echo
COPY countries (_id, _doc) FROM STDIN;
XB	{"name": "Brigadoon", "facts": {"capital": null, "appears": {"every_years": 100}}}
XC	{"name": "Cockaigne", "rivers": ["milk", "honey"], "population": 1e3}
\.
SELECT _id, _doc FROM countries WHERE _id = ANY ('{XB,XC}') ORDER BY _id;
DELETE FROM countries WHERE _id IN ('XA', 'XB', 'XC');

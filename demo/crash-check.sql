-- After the crash: the collection and its twin in the heap must agree, and nothing that was
-- acknowledged (:acknowledged transactions, numbered from 1) may be missing. Steps beyond
-- 1,000,000,000 are those of the transaction that was still open. There may be one more than were
-- acknowledged: committed, but the crash came before the answer.

CREATE VIEW after_crash AS
  SELECT (SELECT count(*) FROM steps) AS documents,
         (SELECT count(*) FROM steps_heap) AS heap_rows,
         (SELECT count(*) FROM steps WHERE _id > 1000000000) AS of_the_open_transaction,
         (SELECT count(*) FROM steps d FULL JOIN steps_heap h USING (_id)
           WHERE d._doc - '_id' IS DISTINCT FROM h._doc) AS differences;

\timing on
SELECT :acknowledged AS acknowledged, *,
       :acknowledged - (SELECT count(*) FROM steps WHERE _id <= :acknowledged) AS lost
  FROM after_crash;
\timing off

SELECT documents = heap_rows AND differences = 0 AND of_the_open_transaction = 0
       AND (SELECT count(*) FROM steps WHERE _id <= :acknowledged) = :acknowledged AS in_step
  FROM after_crash \gset
\if :in_step
  \echo 'Nothing that was acknowledged is lost, and both tables are in step.'
\else
  \warn 'The tables are NOT in step.'
  DO $$ BEGIN RAISE 'the crash left the collection and the heap table apart'; END $$;
\endif

-- The documents of before are there, too.
\timing on
SELECT (SELECT count(*) FROM countries) AS countries,
       (SELECT count(*) FROM subdivisions) AS subdivisions,
       (SELECT count(*) FROM languages) AS languages;
SELECT _id, capital, _version FROM countries WHERE _id = 'SE';

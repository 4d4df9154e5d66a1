# Memory: what quire.stat_memory says, that the collector gives back what is deleted, rolled back or
# replaced, and that a server whose memory is full says so, gets smaller, and ends where it began.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Quire::Test;

my $updates = $ENV{QUIRE_HOT_UPDATES} // 100_000;

my $node = quire_node('main', settings => q{
quire.memory = '64MB'
max_prepared_transactions = 1
synchronous_commit = off
autovacuum = off
});
my $bytes = 64 << 20;

$node->safe_psql('postgres', q{
	CREATE FOREIGN TABLE f (_id int8 NOT NULL, n int8, x text) SERVER quire;
	CREATE FOREIGN TABLE hot (_id int8 NOT NULL, n int8) SERVER quire;
	CREATE TABLE h (n int);
	-- Deletions of 1,000 documents fit the memory that is reserved for them; they are then the
	-- memory of the next ones.
	CREATE PROCEDURE fill(first int8, last int8) LANGUAGE plpgsql AS $$
	BEGIN
		FOR i IN first / 2000 .. last / 2000 LOOP
			INSERT INTO f SELECT k, k, repeat('x', 200)
			  FROM generate_series(i * 2000, i * 2000 + 1999) AS k;
			COMMIT;
		END LOOP;
	END $$;
	CREATE PROCEDURE empty() LANGUAGE plpgsql AS $$
	DECLARE
		last int8 := (SELECT max(_id) FROM f);
	BEGIN
		FOR i IN 0 .. last / 1000 LOOP
			DELETE FROM f WHERE _id BETWEEN i * 1000 AND i * 1000 + 999;
			COMMIT;
		END LOOP;
	END $$;
	CREATE PROCEDURE heat(updates int) LANGUAGE plpgsql AS $$
	BEGIN
		FOR i IN 1 .. updates LOOP
			UPDATE hot SET n = n + 1 WHERE _id = 1;
			COMMIT;
		END LOOP;
	END $$;
});

sub memory
{
	my ($where) = @_;
	return $node->safe_psql('postgres', "SELECT sum(bytes) FROM quire.stat_memory WHERE $where");
}

# Everything that can go has gone.
sub wait_for_collector
{
	$node->poll_query_until('postgres',
		'SELECT bool_and(versions = documents) FROM quire.collections')
	  or die 'the collector has left something';
	return;
}

# ---- The figures.

is($node->safe_psql('postgres', q{SELECT string_agg(purpose, ' ') FROM quire.stat_memory}),
	'documents indexes tables catalog engine unused reserve free', 'every purpose has a row');
is(memory('true'), $bytes, 'the parts are the whole');

# ---- Who holds the horizon.

my $reader = leave_open($node, q{SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
	SET application_name = 'holder'; SELECT count(*) FROM f});
my $pid = $node->safe_psql('postgres',
	q{SELECT pid FROM pg_stat_activity WHERE application_name = 'holder'});
$node->safe_psql('postgres', 'INSERT INTO hot VALUES (1, 0)');
is($node->safe_psql('postgres', 'SELECT DISTINCT horizon_holder FROM quire.stat_memory'),
	"process $pid (holder)", 'a session is named');
$node->safe_psql('postgres', 'UPDATE hot SET n = n + 1');
$node->safe_psql('postgres', 'UPDATE hot SET n = n + 1');
cmp_ok($node->safe_psql('postgres', 'SELECT sum(versions) FROM quire.collections'),
	'>', 1, 'it keeps old versions');
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid, 60000)");
$reader->finish;
$node->safe_psql('postgres', q{BEGIN; INSERT INTO h VALUES (1); PREPARE TRANSACTION 'left open';});
like($node->safe_psql('postgres', 'SELECT DISTINCT horizon_holder FROM quire.stat_memory'),
	qr/^prepared transaction "left open" \(\d+\)$/, 'a prepared transaction is named');
$node->safe_psql('postgres', q{ROLLBACK PREPARED 'left open'});
wait_for_collector();
is($node->safe_psql('postgres', 'SELECT sum(versions) FROM quire.collections'),
	1, 'what it kept is gone');

# ---- One document, many updates.

$node->safe_psql('postgres', "CALL heat($updates)");
note('memory of documents after the updates: ', memory("purpose = 'documents'"));
is($node->safe_psql('postgres', 'SELECT n FROM hot'), $updates + 2, "$updates updates");
cmp_ok(memory("purpose = 'documents'"), '<', 8 << 20, 'in bounded memory');
wait_for_collector();

# ---- Full, and empty again.

my $empty = memory("purpose IN ('documents', 'indexes', 'unused')");
foreach my $round (0 .. 2)
{
	my ($code, $out, $err) = $node->psql('postgres',
		"\\set VERBOSITY verbose\nCALL fill(0, 100000000)");
	like($err, qr/53200: quire\.memory, 64 MB, is full/, "round $round: memory is full");
	like($err, qr/Old versions of documents are kept for process \d+/,
		'who holds the horizon is named')
	  if !$round;
	my $documents = $node->safe_psql('postgres', 'SELECT count(*) FROM f');
	note("round $round: $documents documents, ", $node->safe_psql('postgres',
		"SELECT string_agg(purpose || ' ' || bytes, ', ') FROM quire.stat_memory"));
	# How many there are depends on how many bodies had time to leave memory.
	cmp_ok($documents, '>', 150_000, "round $round: many documents fit");
	if ($round == 1)
	{
		# What is rolled back is there again at once.
		$node->psql('postgres', 'BEGIN; UPDATE f SET n = 0; ROLLBACK;');
		is($node->safe_psql('postgres', 'SELECT count(*) FROM f WHERE n = _id'),
			$documents, 'a rolled back update changed nothing');
	}
	if ($round == 2)
	{
		# Memory that was full can be filled again from the log.
		$node->stop('immediate');
		$node->start;
		is($node->safe_psql('postgres', 'SELECT count(*), sum(n) = sum(_id) FROM f'),
			"$documents|t", 'a full engine restarts');
	}
	$node->safe_psql('postgres', 'CALL empty()');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM f'), 0, "round $round: all deleted");
	wait_for_collector();
	my $left = memory("purpose IN ('documents', 'indexes', 'unused')");
	note("round $round: $left bytes are left, $empty before");
	cmp_ok(abs($left - $empty), '<', 0.02 * $bytes, "round $round: memory is back");
	is(memory('true'), $bytes, "round $round: the parts are the whole");
}

done_testing();

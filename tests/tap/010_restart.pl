# Documents and heap rows of the same transactions, through every way in which a server stops:
# cleanly, at once, by kill -9 of the whole, of one session, of the log worker. What committed is in
# both, what did not is in neither.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

use Quire::Test;

# A session's buffer that a few hundred rows overflow: undecided changes are then in the log.
my $node = quire_node('main', settings => q{
restart_after_crash = on
max_prepared_transactions = 5
quire.session_buffer = '16kB'
});
my $round = 0;
# Which sessions undecided() has started.
my $sleeps = "query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()";

$node->safe_psql('postgres', q{
	CREATE FOREIGN TABLE f (_id text NOT NULL, _doc jsonb) SERVER quire;
	CREATE TABLE h (_id text PRIMARY KEY, _doc jsonb);
	CREATE PROCEDURE put(key text, value int) LANGUAGE sql AS $$
		DELETE FROM f WHERE _id = key;
		DELETE FROM h WHERE _id = key;
		INSERT INTO f VALUES (key, jsonb_build_object('_id', key, 'v', value));
		INSERT INTO h VALUES (key, jsonb_build_object('_id', key, 'v', value));
	$$;
	CREATE PROCEDURE fill(prefix text, rows int) LANGUAGE sql AS $$
		INSERT INTO f SELECT prefix || i,
		       jsonb_build_object('_id', prefix || i, 'v', i, 'x', repeat('x', 90))
		  FROM generate_series(1, rows) i;
		INSERT INTO h SELECT prefix || i,
		       jsonb_build_object('_id', prefix || i, 'v', i, 'x', repeat('x', 90))
		  FROM generate_series(1, rows) i;
	$$;
});

# Transactions of every kind of outcome.
sub write_some
{
	$round++;
	$node->safe_psql('postgres', qq{
		CALL put('same', $round);
		CALL put('r$round', $round);
		BEGIN;
		CALL put('same', -1);
		CALL put('lost$round', 0);
		ROLLBACK;
		BEGIN;
		CALL put('a$round', 1);
		SAVEPOINT s;
		CALL put('b$round', 1);
		CALL put('a$round', 2);
		CALL fill('undone$round', 300);
		ROLLBACK TO s;
		CALL put('c$round', 1);
		SAVEPOINT t;
		CALL put('d$round', 1);
		RELEASE t;
		DELETE FROM f WHERE _id = 'r' || ($round - 1);
		DELETE FROM h WHERE _id = 'r' || ($round - 1);
		COMMIT;
		CALL fill('many$round-', 300);
	});
	return;
}

sub check
{
	my ($how) = @_;
	is(twins_differ($node, 'f', 'h'), 0, "$how: documents and rows agree");
	is($node->safe_psql('postgres', q{SELECT _doc->>'v' FROM f WHERE _id = 'same'}),
		$round, "$how: the last value is there");
	is($node->safe_psql('postgres', q{
		SELECT count(*) FROM f WHERE _id LIKE 'lost%' OR _id LIKE 'undone%'}),
		0, "$how: nothing that was rolled back");
	return;
}

# Waits until the server, which restarts by itself, answers again.
sub wait_for_restart
{
	$node->poll_query_until('postgres', 'SELECT true') or die 'the server does not answer';
	return;
}

sub undecided
{
	my ($prefix) = @_;
	return leave_open($node, "CALL fill('lost$prefix', 500)");
}

write_some();
check('written');

$node->stop('fast');
start_node($node);
check('clean stop');

write_some();
my $open = undecided('immediate');
$node->stop('immediate');
$open->finish;
start_node($node);
check('immediate stop');

write_some();
$open = undecided('killed');
kill_node($node);
$open->finish;
start_node($node);
check('kill -9 of all');

# Ids of the transactions that the crash ended are handed out again.
write_some();
check('after the crash');

my $victim = undecided('session');
write_some();
kill 'KILL', $node->safe_psql('postgres',
	"SELECT pid FROM pg_stat_activity WHERE $sleeps");
$victim->finish;
wait_for_restart();
check('kill -9 of a session');

write_some();
kill 'KILL', worker_pid($node);
usleep(200_000);
wait_for_restart();
check('kill -9 of the log worker');

# A worker that ends by itself is replaced; sessions go on, and their open transactions with them.
write_some();
my $before = worker_pid($node);
my $session = undecided('terminated');
kill 'TERM', $before;
write_some();
check('without a log worker');
wait_until(
	sub { my $now = worker_pid($node); $now ne '' && $now ne $before },
	'another log worker');
write_some();
check('another log worker');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE $sleeps"),
	1, 'sessions went on meanwhile');
kill_node($node);
$session->finish;
start_node($node);
check('kill -9 after that');

# Two crashes in a row, the second one before the worker has done anything.
write_some();
kill_node($node);
$node->start;
kill_node($node);
start_node($node);
check('two crashes');

# A prepared transaction, which has no documents, outlives a crash; undecided ones beside it do not.
$node->safe_psql('postgres', q{
	CREATE TABLE prepared (n int);
	BEGIN;
	INSERT INTO prepared VALUES (1);
	PREPARE TRANSACTION 'p';
});
write_some();
$open = undecided('beside');
kill_node($node);
$open->finish;
start_node($node);
check('beside a prepared transaction');
$node->safe_psql('postgres', "COMMIT PREPARED 'p'");
is($node->safe_psql('postgres', 'SELECT count(*) FROM prepared'), 1, '... which commits');

# An idle worker sleeps.
my $worker = worker_pid($node);
sub ticks
{
	my @fields = split(' ', slurp_file("/proc/$worker/stat") =~ s/.*\) //sr);
	return $fields[11] + $fields[12];
}
if (-r "/proc/$worker/stat")
{
	usleep(2_000_000);
	my $ticks = ticks();
	usleep(3_000_000);
	cmp_ok(ticks() - $ticks, '<=', 3, 'an idle log worker costs at most 1 % of a processor');
}
else
{
	note 'without /proc nobody knows what an idle log worker costs';
}

$node->stop;
done_testing();

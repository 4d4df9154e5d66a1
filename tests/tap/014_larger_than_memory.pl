# Transactions whose documents are several times larger than memory: written, read, updated, rolled
# back, interrupted by kill -9, and a server that starts with more documents than memory holds. A
# heap twin says what must be there.
#
# The long form: QUIRE_LARGE_DOCUMENTS documents are written, then changed, in one transaction each
# with 256 MB for their bodies and versions.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Quire::Test;

# 24,000 bytes each, no two alike; the twin keeps them compressed.
my $rows = 6_000;
my $body = 'repeat(md5(i::text || %s), 750)';
my $node = quire_node('main', settings => q{
quire.memory = '64MB'
max_wal_size = '4GB'
});
my $psql = sub { return $node->safe_psql('postgres', @_) };

sub insert_both
{
	my ($from, $to) = @_;
	my $pad = sprintf($body, "'first'");
	return qq{
		INSERT INTO f (_id, n, pad) SELECT i, i, $pad FROM generate_series($from, $to) i;
		INSERT INTO h SELECT i, i, $pad FROM generate_series($from, $to) i;};
}

sub update_both
{
	my ($salt, $condition) = @_;
	my $pad = sprintf($body, "'$salt'");
	return qq{
		UPDATE f SET n = n + 1, pad = (SELECT $pad FROM (SELECT _id AS i) k) WHERE $condition;
		UPDATE h SET n = n + 1, pad = (SELECT $pad FROM (SELECT _id AS i) k) WHERE $condition;};
}

sub fingerprint
{
	my ($table) = @_;
	return "SELECT count(*), sum(n), md5(string_agg(md5(pad), '' ORDER BY _id)) FROM $table";
}

sub same
{
	my ($what) = @_;
	is($psql->(fingerprint('f')), $psql->(fingerprint('h')), $what);
	return;
}

$psql->(q{
	CREATE FOREIGN TABLE f (_id int NOT NULL, n int, pad text) SERVER quire;
	CREATE TABLE h (_id int PRIMARY KEY, n int, pad text);
});

# A part of it is rolled back, and the rest must stay readable inside the transaction.
my $inside = $psql->("BEGIN;" . insert_both(1, $rows) . "SAVEPOINT s;"
	  . insert_both($rows + 1, $rows + 1000)
	  . "ROLLBACK TO s;" . fingerprint('f') . ";" . fingerprint('h') . "; COMMIT");
my ($collection, $heap) = split(/\n/, $inside);
is($collection, $heap, 'a transaction larger than memory reads what it wrote');
same('... and it is there after the commit');

is($psql->("SELECT n || left(pad, 32) = (SELECT n || left(pad, 32) FROM h WHERE _id = $_) FROM f"
		  . " WHERE _id = $_"), 't', "document $_ by key") foreach (1, 777, $rows - 1);

$psql->('BEGIN;' . update_both('undone', 'true') . 'ROLLBACK');
same('an update of everything, rolled back');
$psql->(update_both('second', '_id % 2 = 0') . 'DELETE FROM f WHERE _id % 10 = 0;'
	  . 'DELETE FROM h WHERE _id % 10 = 0;');
same('updated and deleted');

my $open = leave_open($node, update_both('open', '_id % 3 = 0'));
same('while another transaction that is larger than memory is open');
kill_node($node);
$open->finish;
start_node($node);
same('after kill -9 in the midst of it');

$node->restart;
same('after a clean restart');
$psql->(insert_both($rows + 1, $rows + 1000));
same('and it goes on');

# A writer that memory is too small for waits for the log worker, and can be cancelled.
my $worker = worker_pid($node);
kill 'STOP', $worker;
my ($code, $out, $err) = $node->psql('postgres', "SET statement_timeout = '5s';"
	  . "UPDATE f SET pad = reverse(pad)");
like($err, qr/canceling statement due to statement timeout/, 'the wait is cancelled');
kill 'CONT', $worker;
same('nothing has changed');

# Less still, from one moment to the next.
$psql->("ALTER SYSTEM SET quire.cache_size = '8MB'");
$node->reload;
$node->poll_query_until('postgres', "SHOW quire.cache_size", '8MB') or die 'no reload';
$psql->(update_both('third', '_id % 4 = 0'));
same('with a cache of 8 MB');

$node->stop;
large($ENV{QUIRE_LARGE_DOCUMENTS} // 200_000);
done_testing();

sub large
{
	my ($documents) = @_;
	# 256 MB for 2,000,000 documents of which each takes 380 bytes and, without its body, 80.
	my $cache = int($documents * 256 / 2_000_000);
	my $large = quire_node('large', settings => qq{
quire.memory = '@{[$cache * 3 + 64]}MB'
quire.cache_size = '${cache}MB'
max_wal_size = '8GB'
});
	my $run = sub { return $large->safe_psql('postgres', @_) };
	$run->('CREATE FOREIGN TABLE f (_id int NOT NULL, n int, pad text) SERVER quire');
	my $memory_query = "SELECT bytes FROM quire.stat_memory WHERE purpose = 'documents'";
	my $sum = $documents * ($documents + 1) / 2;
	my $check = 'SELECT count(*), sum(n), sum(length(pad)) FROM f';
	my $inside = $run->("BEGIN; INSERT INTO f (_id, n, pad)"
		  . " SELECT i, i, repeat(md5(i::text), 8) FROM generate_series(1, $documents) i; $check;"
		  . "$memory_query; COMMIT");
	my ($answer, $memory) = split(/\n/, $inside);
	is($answer, "$documents|$sum|" . 256 * $documents, "$documents documents in one transaction");
	note("$memory bytes in memory for bodies and versions before the commit");
	cmp_ok($memory, '<', $cache * 1.01 * (1 << 20), "bodies and versions stay inside $cache MB");
	is($run->($check), $answer, '... and after it');
	$run->('BEGIN; UPDATE f SET n = n + 1; ROLLBACK');
	is($run->($check), $answer, 'an update of all of them, rolled back');
	my $changed = "$documents|" . ($sum + $documents) . '|' . 256 * $documents;
	$run->('UPDATE f SET n = n + 1');
	is($run->($check), $changed, '... and committed');
	note($run->($memory_query) . ' bytes in memory for bodies and versions after it');
	kill_node($large);
	start_node($large);
	is($run->($check), $changed, '... and after kill -9');
	return;
}

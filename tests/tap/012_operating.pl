# What an operator meets: a restart that takes long tells how far it is, an ordinary role gets along
# with grants, and databases that are copied, dropped or upgraded never show tables that are empty
# in silence.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Quire::Test;

# However fast the machine is, a start takes longer than that.
my $node = quire_node('main', settings => "log_startup_progress_interval = '1ms'");

# Runs a statement that must fail; returns what psql said.
sub error_of
{
	my ($database, $sql) = @_;
	my ($code, $out, $err) = $node->psql($database, "\\set VERBOSITY verbose\n$sql");
	return $code == 0 ? 'no error' : $err;
}

# ---- an ordinary role: the walk-through of docs/operations.md

$node->safe_psql('postgres', q{
	CREATE ROLE app LOGIN;
	CREATE ROLE reader LOGIN;
	GRANT CREATE ON SCHEMA public TO app;
});
my $declare = 'CREATE FOREIGN TABLE orders (_id text NOT NULL, n int, _doc jsonb) SERVER quire';
like(error_of('postgres', "SET ROLE app; $declare"), qr/42501.*foreign server quire/,
	'no table without a grant');
$node->safe_psql('postgres', "GRANT USAGE ON FOREIGN SERVER quire TO app; SET ROLE app; $declare");
$node->safe_psql('postgres', q{SET ROLE app;
	INSERT INTO orders (_id, n) SELECT 'o' || i, i FROM generate_series(1, 1000) i;
	GRANT SELECT ON orders TO reader});
is($node->safe_psql('postgres', 'SET ROLE reader; SELECT count(*), sum(n) FROM orders'),
	'1000|500500', 'a role that was granted SELECT reads');
like(error_of('postgres', q{SET ROLE reader; DELETE FROM orders}), qr/42501/, '... and no more');

# ---- a copied database

$node->safe_psql('postgres', 'CREATE DATABASE original');
$node->safe_psql('original', q{CREATE EXTENSION quire;
	CREATE FOREIGN TABLE t (_id int NOT NULL, _doc jsonb) SERVER quire;
	INSERT INTO t SELECT i, '{}' FROM generate_series(1, 100) i});
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE original');
like(error_of('copy', 'SELECT count(*) FROM t'), qr/55000.*copied.*HINT.*DROP EXTENSION/s,
	'tables of a copied database refuse, and say what to do');
like(error_of('copy', q{INSERT INTO t VALUES (1, '{}')}), qr/55000.*copied/s,
	'... to write as well');
$node->safe_psql('copy', q{DROP EXTENSION quire CASCADE; CREATE EXTENSION quire;
	CREATE FOREIGN TABLE t (_id int NOT NULL, _doc jsonb) SERVER quire});
is($node->safe_psql('copy', 'SELECT count(*) FROM t'), 0, 'what they say works');
is($node->safe_psql('original', 'SELECT count(*) FROM t'), 100,
	'... and the original is as it was');

# ---- a database that is dropped takes its documents with it, now and at the next restart

sub documents_bytes
{
	return $node->safe_psql('postgres',
		q{SELECT sum(bytes) FROM quire.stat_memory WHERE purpose IN ('documents', 'indexes', 'tables')});
}
my $before = documents_bytes();
$node->safe_psql('original', q{INSERT INTO t SELECT i, jsonb_build_object('x', repeat('x', 1000))
	FROM generate_series(1001, 11000) i});
cmp_ok(documents_bytes(), '>', $before + 10_000_000, 'documents take memory');
$node->safe_psql('postgres', 'DROP DATABASE original');
wait_until(sub { documents_bytes() <= $before }, 'the documents of a dropped database to go');
pass('the memory of a dropped database comes back');
$node->restart;
$node->poll_query_until('postgres', q{SELECT phase = 'ready' FROM quire.progress}) or die;
wait_until(sub { documents_bytes() <= $before }, 'the documents of a dropped database to go again');
pass('... after a restart, too');

# ---- settings of the engine log

sub log_files { return scalar(my @files = glob($node->data_dir . '/quire/log/*.qlog')); }
my $files = log_files();
$node->safe_psql('postgres', q{CREATE FOREIGN TABLE large (_id int NOT NULL, x text) SERVER quire;
	ALTER SYSTEM SET quire.log_segment_size = '1MB'});
$node->reload;
wait_until(sub {
		$node->safe_psql('postgres', q{INSERT INTO large
			SELECT coalesce(max(_id), 0) + 1, repeat('x', 1000000) FROM large});
		return log_files() > $files + 2;
	}, 'files of the size that was set by a reload');
pass('the size of the engine log\'s files follows a reload');
$node->safe_psql('postgres', q{SELECT quire.drop_collection('public', 'large');
	DROP FOREIGN TABLE large});

# ---- a long restart

$node->safe_psql('postgres', q{
	CREATE FOREIGN TABLE large (_id int NOT NULL, _doc jsonb) SERVER quire;
	INSERT INTO large SELECT i, jsonb_build_object('x', repeat('x', 4000))
	  FROM generate_series(1, 8000) i});
my $log_from = -s $node->logfile;
$node->restart;
$node->poll_query_until('postgres', q{SELECT phase = 'ready' FROM quire.progress}) or die;
like(slurp_file($node->logfile, $log_from),
	qr/quire is not ready yet: it reads its log, \d+ of \d+ MB/,
	'the server log tells how far it is');
$node->stop;
my ($segment) = reverse(sort glob($node->data_dir . '/quire/log/*.qlog'));
rename $segment, "$segment.kept" or die $!;
# Whoever opens a pipe for reading waits for somebody who writes.
system_or_bail('mkfifo', $segment);
$node->start;
my ($in, $out, $err) = ("SELECT count(*) FROM orders;\n", '', '');
my $psql = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') ],
	'<', \$in, '>', \$out, '2>', \$err);
wait_until(sub { $psql->pump_nb; $err =~ /NOTICE:  waiting for quire's engine: / },
	'a session to be told what it waits for');
pass('a session that waits is told why');
$node->stop('immediate');
$psql->kill_kill;
unlink $segment or die $!;
rename "$segment.kept", $segment or die $!;
start_node($node);
is($node->safe_psql('postgres', 'SELECT count(*) FROM orders'), 1000, 'and loaded');

# ---- an engine that cannot be opened keeps WAL, and says so

$node->append_conf('postgresql.conf', "max_wal_size = '32MB'");
$node->stop;
rename $segment, "$segment.kept" or die $!;
open(my $damaged, '>:raw', $segment) or die $!;
print $damaged 'x' x 8192;
close $damaged;
$node->start;
$node->poll_query_until('postgres', q{SELECT phase = 'failed' FROM quire.progress}) or die;
foreach (1 .. 4)
{
	$node->safe_psql('postgres', 'SELECT pg_switch_wal(); CHECKPOINT');
}
$log_from = -s $node->logfile;
$node->reload;
my $held = qr/quire holds back \d+ MB of the server's log/;
wait_until(sub { slurp_file($node->logfile, $log_from) =~ $held },
	'a warning about WAL that is held back');
pass('a worker that has given up warns of the WAL that it holds back');
$node->stop;
rename "$segment.kept", $segment or die $!;
start_node($node);
is($node->safe_psql('postgres', 'SELECT count(*) FROM orders'), 1000,
	'mended, it has lost nothing');

# ---- an upgrade with the server's own tool, which copies relations and no folder of ours

$node->stop;
my $new = quire_node('new', start => 0);
my $bin = $node->config_data('--bindir');
chdir $PostgreSQL::Test::Utils::tmp_check or die $!;
command_ok([ 'pg_upgrade', '-d', $node->data_dir, '-D', $new->data_dir, '-b', $bin, '-B', $bin,
	'-p', $node->port, '-P', $new->port, '-s', $new->host ], 'pg_upgrade');
$new->start;
my ($code, $none, $refusal) =
  $new->psql('postgres', "\\set VERBOSITY verbose\nSELECT count(*) FROM orders");
like($refusal, qr/55000.*another engine.*HINT.*pg_upgrade.*COPY/s,
	'an upgraded database refuses, and says where its documents are');
$new->safe_psql('postgres', 'DROP EXTENSION quire CASCADE; CREATE EXTENSION quire;
	CREATE FOREIGN TABLE orders (_id text NOT NULL, n int, _doc jsonb) SERVER quire');
$new->stop;
$node->start;
my $file = "$PostgreSQL::Test::Utils::tmp_check/orders";
$node->safe_psql('postgres', "COPY (SELECT _id, n, _doc FROM orders) TO '$file'");
$node->stop;
$new->start;
is($new->safe_psql('postgres', "COPY orders FROM '$file'; SELECT count(*), sum(n) FROM orders"),
	'1000|500500', '... from where COPY brings them');
$new->stop;

done_testing();

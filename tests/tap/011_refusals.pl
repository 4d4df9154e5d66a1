# What quire does not do it refuses, and says what helps: a server without the library, kinds of
# transactions that are not supported yet, files that are damaged, missing, or of another server.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Quire::Test;

my $node = quire_node('main');
$node->safe_psql('postgres', q{
	CREATE FOREIGN TABLE f (_id text NOT NULL, _doc jsonb) SERVER quire;
	INSERT INTO f SELECT 'k' || i, jsonb_build_object('n', i) FROM generate_series(1, 1000) i;
});

# Runs a statement that must fail; returns what psql said.
sub error_of
{
	my ($sql) = @_;
	my ($code, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql");
	return $code == 0 ? 'no error' : $err;
}

like(error_of(q{BEGIN; INSERT INTO f VALUES ('p', '{}'); PREPARE TRANSACTION 'p'}),
	qr/0A000.*PREPARE/s, 'PREPARE TRANSACTION after a write');
like(error_of(q{BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM f}),
	qr/0A000.*HINT.*_version/s, 'SERIALIZABLE');
like(error_of(q{BEGIN READ ONLY; INSERT INTO f VALUES ('r', '{}')}), qr/25006/, 'READ ONLY');

# ---- errors at the border between the server and the engine

$node->safe_psql('postgres', q{
	CREATE FUNCTION door(text) RETURNS text AS '$libdir/quire', 'quire_check_door' LANGUAGE C STRICT;
	CREATE FUNCTION door_alive() RETURNS int AS '$libdir/quire', 'quire_check_door_alive' LANGUAGE C;
});
my %doors = (
	'server' => qr/22012: error of the server.*DETAIL:  its detail.*HINT:  its hint/s,
	'memory' => qr/53200: the process has run out of memory/,
	'exception' => qr/XX000: an exception/,
	'other exception' => qr/XX000: unknown exception/,
	'damage' => qr/XX001: damaged/,
	'full' => qr/53200: quire.memory, \d+ MB, is full.*HINT:  .*quire.memory/s,
	'all' => qr/55P03: message.*DETAIL:  detail.*HINT:  hint/s,
	'long' => qr/XX000: x{1000}/);
foreach my $kind (sort keys %doors)
{
	my ($code, $out, $err) = $node->psql('postgres',
		"\\set VERBOSITY verbose\nSELECT door('$kind');\nSELECT door_alive(), door('no error')",
		on_error_stop => 0);
	like($err, $doors{$kind}, "an error through the doors: $kind");
	is($out, '0|no error', '... leaves no object behind, and the session goes on');
}

# ---- without the library

$node->append_conf('postgresql.conf',
	"shared_preload_libraries = 'auto_explain, pg_stat_statements'");
$node->restart;
like(error_of('SELECT count(*) FROM f'),
	qr/55000.*ALTER SYSTEM SET .* = 'auto_explain', 'pg_stat_statements', 'quire'.*restart/s,
	'not preloaded: the statement that keeps what is preloaded');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'quire'");
$node->stop;

# ---- single-user mode has no log worker

my $out = '';
IPC::Run::run(
	[ 'postgres', '--single', '-F', '-D', $node->data_dir, 'postgres' ],
	'<', \"SELECT count(*) FROM f;\n", '>&', \$out);
like($out, qr/single-user mode/, 'single-user mode is refused');
start_node($node);
is($node->safe_psql('postgres', 'SELECT count(*) FROM f'), 1000, 'and did no harm');

# ---- no room for the slot

$node->append_conf('postgresql.conf', "max_replication_slots = 0\nmax_wal_senders = 0");
$node->stop;
# The server itself does not start with a slot that it has no room for.
system_or_bail('rm', '-rf', $node->data_dir . '/pg_replslot/quire');
$node->start;
like(error_of('SELECT count(*) FROM f'), qr/max_replication_slots/, 'no room for the slot');
$node->append_conf('postgresql.conf', "max_replication_slots = 10\nmax_wal_senders = 10");
$node->restart;
is($node->safe_psql('postgres', 'SELECT count(*) FROM f'), 1000, 'room again');

# ---- damage

sub segments { return sort glob($node->data_dir . '/quire/log/*.qlog'); }

# Overwrites bytes of a file; returns what was there.
sub overwrite
{
	my ($file, $offset, $bytes) = @_;
	my $old;
	open(my $handle, '+<:raw', $file) or die "$file: $!";
	sysseek($handle, $offset, 0);
	sysread($handle, $old, length $bytes);
	sysseek($handle, $offset, 0);
	syswrite($handle, $bytes);
	close $handle;
	return $old;
}

$node->stop;
my ($first) = segments();
my $old = overwrite($first, 6000, 'damage');
$node->start;
my $error = error_of('SELECT count(*) FROM f');
like($error, qr/XX001/, 'damage in the engine log');
like($error, qr/quire\/log\/[0-9A-F]{16}\.qlog.*offset.*expected.*found/is,
	'... names file, offset, expected, found');
is($node->safe_psql('postgres', 'SELECT phase FROM quire.progress'),
	'failed', '... and progress shows it');
is($node->safe_psql('postgres', 'SELECT 1'), 1, '... the server goes on');
$node->stop;
overwrite($first, 6000, $old);

my $identity = $node->data_dir . '/quire/engine';
$old = overwrite($identity, 30, 'xx');
$node->start;
like(error_of('SELECT count(*) FROM f'), qr/XX001.*quire\/engine/s, 'damage in the identity');
$node->stop;
overwrite($identity, 30, $old);
start_node($node);
is($node->safe_psql('postgres', 'SELECT count(*) FROM f'), 1000, 'mended');

# ---- an engine that is still being loaded

$node->stop;
my ($segment) = reverse(segments());
rename $segment, "$segment.kept" or die $!;
# Whoever opens a pipe for reading waits for somebody who writes.
system_or_bail('mkfifo', $segment);
$node->start;
like(error_of(q{SET statement_timeout = '300ms'; SELECT count(*) FROM f}),
	qr/57P03.*not ready yet: it reads its log.*statement timeout/s,
	'a wait that is too long is cancelled');
$node->stop('immediate');
unlink $segment or die $!;
rename "$segment.kept", $segment or die $!;
start_node($node);
is($node->safe_psql('postgres', 'SELECT count(*) FROM f'), 1000, 'and loaded');

# ---- a hole between the engine log and the server's

$node->safe_psql('postgres', 'SELECT pg_switch_wal(); CHECKPOINT');
$node->stop;
rename $node->data_dir . '/quire', $node->data_dir . '/quire.kept' or die $!;
mkdir $node->data_dir . '/quire' or die $!;
system_or_bail('cp', $node->data_dir . '/quire.kept/engine', $identity);
foreach (1 .. 3)
{
	$node->start;
	like(error_of('SELECT count(*) FROM f'), qr/55000.*is not there/s, 'missing WAL') if $_ == 3;
	$node->safe_psql('postgres', 'SELECT pg_switch_wal(); CHECKPOINT') foreach 1 .. 2;
	$node->stop;
	# Not a log without a beginning: the slot would keep what the engine still needs.
	system_or_bail('rm', '-rf', $node->data_dir . '/pg_replslot/quire',
		$node->data_dir . '/quire/log');
}
system_or_bail('rm', '-rf', $node->data_dir . '/quire');
rename $node->data_dir . '/quire.kept', $node->data_dir . '/quire' or die $!;

# ---- the folder of another server

my $other = quire_node('other');
$other->stop;
rename $node->data_dir . '/quire', $node->data_dir . '/quire.kept' or die $!;
system_or_bail('cp', '-r', $other->data_dir . '/quire', $node->data_dir . '/quire');
$node->start;
like(error_of('SELECT count(*) FROM f'), qr/55000.*belongs to the server/s,
	"another server's folder");
$node->stop;

done_testing();

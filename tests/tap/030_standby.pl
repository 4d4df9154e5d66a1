# Standbys: one that nobody can connect to and whose log is recycled behind it, one that was there
# before the primary had an engine, the way through a promotion and back.

use strict;
use warnings;

use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Quire::Test;

my $settings = "max_wal_size = 4MB\nwal_keep_size = 0\nwal_log_hints = on\n"
	. "quire.session_buffer = '16kB'";

# The primary keeps its log for pg_rewind, the standbys keep nothing that they need not.
my $primary = quire_node('primary', allows_streaming => 1, extra => ['--wal-segsize=1'],
	settings => "$settings\nwal_keep_size = 64MB", start => 0);
# A server that preloads the library, and has no engine as long as nobody started it.
$primary->append_conf('postgresql.conf', "shared_preload_libraries = ''\nquire.memory = '256MB'");
$primary->start;
$primary->backup('early');
$primary->stop;
$primary->append_conf('postgresql.conf', "shared_preload_libraries = 'quire'");
start_node($primary);

sub standby
{
	my ($name, $backup, $more) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init_from_backup($primary, $backup, has_streaming => 1);
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'quire'\n$settings\n$more");
	# Keeps what the standby needs, without a slot that would keep it for the engine.
	$primary->safe_psql('postgres', "SELECT pg_create_physical_replication_slot('for_$name')");
	$node->append_conf('postgresql.conf', "primary_slot_name = 'for_$name'");
	$node->start;
	return $node;
}

my $early = standby('early', 'early', 'hot_standby = on');

$primary->safe_psql('postgres', q{
	CREATE EXTENSION quire;
	CREATE FOREIGN TABLE f (_id text NOT NULL, _doc jsonb) SERVER quire;
	CREATE TABLE h (_id text PRIMARY KEY, _doc jsonb);
	CREATE PROCEDURE fill(prefix text, rows int) LANGUAGE sql AS $$
		INSERT INTO f SELECT prefix || i, jsonb_build_object('_id', prefix || i, 'x', repeat('x', 500))
		  FROM generate_series(1, rows) i;
		INSERT INTO h SELECT prefix || i, jsonb_build_object('_id', prefix || i, 'x', repeat('x', 500))
		  FROM generate_series(1, rows) i;
	$$;
	CALL fill('a', 1000);
});
$primary->backup('base');
my $closed = standby('closed', 'base', 'hot_standby = off');

sub check
{
	my ($node, $rows, $how) = @_;
	is(twins_differ($node, 'f', 'h'), 0, "$how: documents and rows agree");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM f'), $rows, "$how: $rows documents");
	return;
}

# Eight rounds, each with a checkpoint that the standby makes a restartpoint of.
my $restartpoints = 0;
foreach my $round (1 .. 8)
{
	$primary->safe_psql('postgres', "CALL fill('r$round-', 1000)");
	$primary->safe_psql('postgres', 'SELECT pg_switch_wal(); CHECKPOINT');
	$primary->wait_for_catchup($_) foreach $closed, $early;
}
check($primary, 9000, 'the primary');

my ($code, $out, $err) = $early->psql('postgres', 'SELECT count(*) FROM f');
like($err, qr/recovery is not supported yet.*HINT.*promoted/s, 'reading on a standby is refused');

# A standby that is killed starts again from its last restartpoint.
kill_node($closed);
$closed->append_conf('postgresql.conf', 'wal_keep_size = 64MB');
$closed->start;
$primary->safe_psql('postgres', "CALL fill('killed', 100); CHECKPOINT");
$primary->wait_for_catchup($_) foreach $closed, $early;

$closed->promote;
$closed->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die;
check($closed, 9100, 'hot_standby = off, promoted');
my ($oldest) = sort glob($closed->data_dir . '/pg_wal/0000000*');
cmp_ok(hex(substr(basename($oldest), 8)), '>', 4, '... whose log was recycled meanwhile')
	or note($oldest);
$closed->safe_psql('postgres', "CALL fill('new', 100)");
kill_node($closed);
start_node($closed);
check($closed, 9200, '... written to and killed');

$early->promote;
$early->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die;
check($early, 9100, 'a standby older than the engine, promoted');
$early->stop;
start_node($early);
check($early, 9100, '... and restarted');

# ---- the old primary, rewound to follow the new one

$primary->safe_psql('postgres', "CALL fill('diverged', 500)");
$primary->stop;
$closed->safe_psql('postgres', "CALL fill('meanwhile', 500); CHECKPOINT");
command_ok(
	[
		'pg_rewind', '--debug', '--target-pgdata', $primary->data_dir,
		'--source-server', $closed->connstr('postgres')
	],
	'pg_rewind');
$primary->append_conf('postgresql.conf',
	"port = " . $primary->port . "\nprimary_conninfo = '" . $closed->connstr . "'\n"
	. "shared_preload_libraries = 'quire'\nprimary_slot_name = ''\nhot_standby = on\n");
append_to_file($primary->data_dir . '/standby.signal', '');
$primary->start;
$closed->safe_psql('postgres', "CALL fill('after', 500)");
$closed->wait_for_catchup($primary->name);
$primary->promote;
$primary->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die;
check($primary, 10200, 'rewound and promoted');
is($primary->safe_psql('postgres', q{SELECT count(*) FROM f WHERE _id LIKE 'diverged%'}),
	0, '... without what it alone had');
kill_node($primary);
start_node($primary);
check($primary, 10200, '... and killed');

done_testing();

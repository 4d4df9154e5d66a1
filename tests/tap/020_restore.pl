# Restored servers: a base backup with the log worker in the middle of its work, recovery to a point
# in time, and an engine log that knows more than the history the server ends up with.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Quire::Test;

my $primary = quire_node('primary', has_archiving => 1, allows_streaming => 1,
	extra => ['--wal-segsize=1'], settings => "max_wal_size = 4MB\nquire.session_buffer = '16kB'");
$primary->safe_psql('postgres', q{
	CREATE FOREIGN TABLE f (_id text NOT NULL, _doc jsonb) SERVER quire;
	CREATE TABLE h (_id text PRIMARY KEY, _doc jsonb);
	CREATE PROCEDURE fill(prefix text, rows int) LANGUAGE sql AS $$
		INSERT INTO f SELECT prefix || i, jsonb_build_object('_id', prefix || i, 'x', repeat('x', 500))
		  FROM generate_series(1, rows) i;
		INSERT INTO h SELECT prefix || i, jsonb_build_object('_id', prefix || i, 'x', repeat('x', 500))
		  FROM generate_series(1, rows) i;
	$$;
	CALL fill('before', 1000);
});

sub check
{
	my ($node, $rows, $how) = @_;
	is(twins_differ($node, 'f', 'h'), 0, "$how: documents and rows agree");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM f'), $rows, "$how: $rows documents");
	return;
}

# That a restored server can be written to, and keeps it.
sub goes_on
{
	my ($node, $rows, $how) = @_;
	$node->safe_psql('postgres', q{CALL fill('new', 100)});
	check($node, $rows + 100, "$how, written to");
	kill_node($node);
	start_node($node);
	check($node, $rows + 100, "$how, killed");
	$node->stop('immediate');
	return;
}

$primary->backup('base');
my $open = leave_open($primary, q{CALL fill('undecided', 500)});
$primary->safe_psql('postgres', q{CALL fill('wanted', 1000)});
my $target = $primary->safe_psql('postgres', q{SELECT pg_create_restore_point('here')});
$primary->safe_psql('postgres', q{CALL fill('later', 1000)});
$primary->safe_psql('postgres', 'SELECT pg_switch_wal()');
check($primary, 3000, 'the primary');

# ---- a backup, recovered as far as it goes

my $plain = PostgreSQL::Test::Cluster->new('plain');
$plain->init_from_backup($primary, 'base');
$plain->append_conf('postgresql.conf', 'archive_mode = off');
start_node($plain);
check($plain, 1000, 'a backup');
goes_on($plain, 1000, 'a backup');

# ---- a point in time

my $earlier = PostgreSQL::Test::Cluster->new('earlier');
$earlier->init_from_backup($primary, 'base', has_restoring => 1, standby => 0);
$earlier->append_conf('postgresql.conf',
	"recovery_target_name = 'here'\nrecovery_target_action = promote");
start_node($earlier);
$earlier->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die;
check($earlier, 2000, 'a point in time');
is($earlier->safe_psql('postgres', q{SELECT count(*) FROM f WHERE _id LIKE 'undecided%'}),
	0, 'a point in time: what was undecided then is gone');
goes_on($earlier, 2000, 'a point in time');

# ---- a point in time, with an engine log that reaches beyond it

$primary->safe_psql('postgres', q{SELECT 1});
$open->kill_kill;
$primary->stop('fast');
my $ahead = PostgreSQL::Test::Cluster->new('ahead');
$ahead->init_from_backup($primary, 'base', has_restoring => 1, standby => 0);
system_or_bail('rm', '-rf', $ahead->data_dir . '/quire');
system_or_bail('cp', '-r', $primary->data_dir . '/quire', $ahead->data_dir . '/quire');
$ahead->append_conf('postgresql.conf',
	"recovery_target_name = 'here'\nrecovery_target_action = promote");
start_node($ahead);
$ahead->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die;
check($ahead, 2000, 'an engine log beyond the target is cut');
goes_on($ahead, 2000, 'cut');

# ---- the same without a new timeline: the two are not of one moment

my $mixed = PostgreSQL::Test::Cluster->new('mixed');
$mixed->init_from_backup($primary, 'base');
$mixed->append_conf('postgresql.conf', 'archive_mode = off');
system_or_bail('rm', '-rf', $mixed->data_dir . '/quire');
system_or_bail('cp', '-r', $primary->data_dir . '/quire', $mixed->data_dir . '/quire');
$mixed->start;
my ($code, $stdout, $stderr) = $mixed->psql('postgres', 'SELECT count(*) FROM f');
like($stderr, qr/not of the same moment/, 'an engine log from the future is refused');
$mixed->stop('immediate');

# ---- a new engine has the old one's tables, and says so

my $without = PostgreSQL::Test::Cluster->new('without');
$without->init_from_backup($primary, 'base');
$without->append_conf('postgresql.conf', 'archive_mode = off');
system_or_bail('rm', '-rf', $without->data_dir . '/quire');
$without->start;
($code, $stdout, $stderr) = $without->psql('postgres', 'SELECT count(*) FROM f');
isnt($code, 0, 'tables without their engine are refused');
note($stderr);
$without->stop('immediate');

start_node($primary);
check($primary, 3000, 'the primary again');
done_testing();

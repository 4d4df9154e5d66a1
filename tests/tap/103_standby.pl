# Standbys in their simplest form. One with hot_standby = off, whose log worker must follow replay
# although nobody can connect, and which passes restartpoints that remove the log behind it;
# promoted, it has everything. And one whose primary dies in the middle of writes; promoted, it has
# a state that the primary has had, documents and heap twins alike.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

use Quire::Test;
use Quire::Torture;

my $seed = $ENV{QUIRE_TORTURE_SEED} // int(rand(1_000_000)) + 1;
srand($seed);
note("seed $seed: QUIRE_TORTURE_SEED=$seed repeats the load");

my $primary = torture_node('primary', 'wal_keep_size = 256MB');
my $torture = Quire::Torture->new($primary, clients => 4);
$torture->start(seed => $seed);
$primary->backup('base');
my $load = $torture->stop;
is($load->{code}, 0, 'the clients saw nothing wrong') or diag($load->{output});

# Restartpoints come with the volume of the log: a standby may only hold a few MB of it.
my $closed = standby('closed', q{
hot_standby = off
wal_keep_size = 0
max_wal_size = 2MB
log_checkpoints = on});
my $open = standby('open', 'hot_standby = on');

$torture->start(seed => $seed + 1, seconds => 4);
usleep(1_000_000);
# In the middle of it the standby's server is killed, and starts again.
kill_node($closed);
$closed->start;
$load = $torture->finish;
is($load->{code}, 0, 'the clients saw nothing wrong') or diag($load->{output});
$primary->wait_for_catchup($closed);

my $log = slurp_file($closed->logfile);
my $restartpoints = () = $log =~ /restartpoint complete/g;
my $removals = () = $log =~ /restartpoint complete: .* (?!0 removed, 0 recycled)\d+ removed/g;
note("$restartpoints restartpoints, $removals of them removed a part of the server's log");
cmp_ok($removals, '>=', 2, 'the standby passed restartpoints that removed a part of the log');
$closed->promote;
$closed->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die;
check('hot_standby = off, promoted: has everything', node => $closed, keep => 1);
goes_on($closed);

# The same clients go on with the primary, which then dies.
check('the primary has everything');
$torture->start(seed => $seed + 2);
usleep(500_000 + rand(1_000_000));
kill_node($primary);
$load = $torture->finish;
is($load->{code}, 0, 'the clients saw nothing wrong') or diag($load->{output});
$open->promote;
$open->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die;
check('promoted after the death of its primary: a state that the primary has had',
	node => $open, lossy => 1, keep => 1);
goes_on($open);

start_node($primary);
check('the primary, started again, has everything');
done_testing();

sub standby
{
	my ($name, $settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init_from_backup($primary, 'base', has_streaming => 1);
	$node->append_conf('postgresql.conf', $settings);
	$node->start;
	return $node;
}

sub check
{
	my ($name, %options) = @_;
	my ($code, $output) = $torture->verify(%options);
	is($code, 0, $name) or diag($output);
	return;
}

# What was promoted takes writes and survives a crash.
sub goes_on
{
	my ($node) = @_;
	my $name = $node->name;
	$node->safe_psql(
		'postgres', q{
		BEGIN;
		INSERT INTO docs (_id, _doc) VALUES ('after', '{"_id": "after", "v": 1}');
		INSERT INTO twin (_id, _doc) VALUES ('after', '{"_id": "after", "v": 1}');
		COMMIT});
	kill_node($node);
	start_node($node);
	is(twins_differ($node, 'docs', 'twin'), 0, "$name: written to, killed, and in step");
	is($node->safe_psql('postgres', q{SELECT v FROM docs WHERE _id = 'after'}),
		1, "$name: has what was written to it");
	return;
}

# Base backups of a server that is being written to, and of one that sleeps, restored: the engine
# opens, documents and their heap twins agree, and it goes on as a server of its own.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

use Quire::Test;
use Quire::Torture;

my $backups = $ENV{QUIRE_BACKUPS} // 2;
my $seed = $ENV{QUIRE_TORTURE_SEED} // int(rand(1_000_000)) + 1;
srand($seed);
note("seed $seed: QUIRE_TORTURE_SEED=$seed repeats the load");

# The WAL that a restored server needs is in the backup; the sender must find it meanwhile.
my $primary = torture_node('primary', 'wal_keep_size = 256MB');
my $torture = Quire::Torture->new($primary, clients => 4);

$torture->start(seed => $seed);
foreach my $number (1 .. $backups)
{
	usleep(rand(800_000));
	$primary->backup("b$number");
}
my $load = $torture->stop;
is($load->{code}, 0, 'the clients saw nothing wrong') or diag($load->{output});

# The usual backup is one of a server where nothing happens: the log worker sleeps then.
usleep(1_000_000);
$primary->backup('idle');

foreach my $name ('idle', map { "b$_" } 1 .. $backups)
{
	my $restored = PostgreSQL::Test::Cluster->new("restored_$name");
	$restored->init_from_backup($primary, $name);
	start_node($restored);
	# What was written before an idle backup is all there.
	my ($code, $output) =
	  $torture->verify(node => $restored, lossy => $name ne 'idle', keep => 1);
	is($code, 0, "backup $name: documents and twins agree") or diag($output);
	goes_on($restored, $name);
	$restored->stop('immediate');
}

my ($code, $output) = $torture->verify;
is($code, 0, 'the primary has everything') or diag($output);
done_testing();

# A restored server is a server like any other: it takes writes and survives a crash.
sub goes_on
{
	my ($node, $name) = @_;
	$node->safe_psql(
		'postgres', q{
		BEGIN;
		INSERT INTO docs (_id, _doc) SELECT 'new' || i, jsonb_build_object('_id', 'new' || i)
		  FROM generate_series(1, 100) i;
		INSERT INTO twin (_id, _doc) SELECT 'new' || i, jsonb_build_object('_id', 'new' || i)
		  FROM generate_series(1, 100) i;
		COMMIT;
		UPDATE docs SET v = 1 WHERE _id = 'new7';
		UPDATE twin SET _doc = _doc || '{"v": 1}' WHERE _id = 'new7'});
	kill_node($node);
	start_node($node);
	is(twins_differ($node, 'docs', 'twin'), 0, "backup $name: written to, killed, and in step");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM docs WHERE _id ^@ 'new'}),
		100, "backup $name: has what was written to it");
	return;
}

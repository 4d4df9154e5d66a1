# Base backups of a server that is being written to, restored: the documents and their heap twins
# agree, or the engine refuses to open and says why. Never a silent difference.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

use Quire::Test;
use Quire::Torture;

my $backups = $ENV{QUIRE_BACKUPS} // 3;
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

my $opened = 0;
foreach my $number (1 .. $backups)
{
	my $restored = PostgreSQL::Test::Cluster->new("restored$number");
	$restored->init_from_backup($primary, "b$number");
	start_node($restored);
	my ($code, $output) = $torture->verify(node => $restored, lossy => 1, keep => 1);
	if (refused($output))
	{
		ok(1, "backup $number: the engine refuses to open");
		note($output);
	}
	else
	{
		$opened++;
		is($code, 0, "backup $number: documents and twins agree") or diag($output);
		goes_on($restored, $number);
	}
	$restored->stop('immediate');
}
cmp_ok($opened, '>', 0, "at least one of $backups backups opens");

my ($code, $output) = $torture->verify;
is($code, 0, 'the primary has everything') or diag($output);
done_testing();

# The engine's own words for a backup without the part of the server's log that it needs.
sub refused
{
	my ($output) = @_;
	return $output =~ /55000 .*the server's log is needed from/;
}

# A restored server is a server like any other: it takes writes and survives a crash.
sub goes_on
{
	my ($node, $number) = @_;
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
	is(twins_differ($node, 'docs', 'twin'), 0, "backup $number: written to, killed, and in step");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM docs WHERE _id ^@ 'new'}),
		100, "backup $number: has what was written to it");
	return;
}

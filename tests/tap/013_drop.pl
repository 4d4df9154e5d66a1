# The memory of dropped collections serves again: half of what is written here fits at a time,
# while the server runs and when a restart reads all of it again. What was dropped does not come
# back, whoever was killed; what was not is whole.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Quire::Test;

my $node = quire_node('main', settings => q{
quire.memory = '64MB'
restart_after_crash = on
});
my $rows = 140_000;
$node->safe_psql('postgres', q{
	CREATE FOREIGN TABLE kept (_id int, n int) SERVER quire;
	INSERT INTO kept SELECT i, i FROM generate_series(1, 1000) AS i;
});

# Declares a collection and fills it, once there is room: the log worker frees what was dropped.
sub fill
{
	my ($name) = @_;
	my $error;
	wait_until(sub {
		$error = '';
		my $code = $node->psql('postgres', qq{
			SET client_min_messages = error;
			BEGIN;
			CREATE FOREIGN TABLE $name (_id int, n int) SERVER quire;
			INSERT INTO $name SELECT i, i FROM generate_series(1, $rows) AS i;
			COMMIT;
		}, stderr => \$error, on_error_stop => 1);
		$error =~ /no memory|quire\.memory/ or $code == 0 or die $error;
		return $code == 0;
	}, "room for $name");
	return;
}

sub content
{
	return $node->safe_psql('postgres', q{
		SELECT collection, documents FROM quire.collections ORDER BY 1;
		SELECT count(*), sum(n) FROM kept;
	});
}

for my $round (1 .. 4)
{
	fill("big$round");
	$node->safe_psql('postgres', "SELECT quire.drop_collection('big$round')");
}
fill('big');
my $before = content();
is($before, "big|$rows\nkept|1000\n1000|500500", 'what was dropped is gone');

# A drop that is rolled back, and one that a kill ends, are none.
$node->safe_psql('postgres', q{
	BEGIN;
	SELECT quire.drop_collection('kept');
	ROLLBACK;
});
my $session = leave_open($node, q{SELECT quire.drop_collection('kept')});
kill_node($node);
$session->kill_kill;
start_node($node);
is(content(), $before, 'nor does a crash bring it back');

kill 'KILL', worker_pid($node);
$node->poll_query_until('postgres', 'SELECT true') or die 'the server does not answer';
is(content(), $before, 'nor does a crash of the log worker');

$node->safe_psql('postgres', q{
	SET client_min_messages = error;
	DROP EXTENSION quire CASCADE;
	CREATE EXTENSION quire;
});
fill('big');
$node->restart('immediate');
is($node->safe_psql('postgres', 'SELECT count(*) FROM big'),
	$rows, 'DROP EXTENSION drops all documents');

$node->stop;
done_testing();

# The library loads, with and without preloading, and a server that preloads it survives kill -9.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use Test::More;

use Quire::Test;

my $node = quire_node('main');
is($node->safe_psql('postgres', 'SHOW shared_preload_libraries'), 'quire', 'preloaded');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_extension WHERE extname = 'quire'"),
	'1', 'extension created');

kill_node($node);
start_node($node);
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_extension WHERE extname = 'quire'"),
	'1', 'extension still there after kill -9');

done_testing();

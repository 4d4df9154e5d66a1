# Clients write documents and their heap twins while a backend, the log worker, or the whole
# server is killed at a random moment. Nothing acknowledged may be missing afterwards, no
# transaction may be there in part, and the twins must be equal. Every other round documents are
# read back from the engine's log.
#
# QUIRE_TORTURE_ROUNDS (10) rounds from QUIRE_TORTURE_SEED (random, printed).

use strict;
use warnings;

use List::Util qw(shuffle);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

use Quire::Test;
use Quire::Torture;

my $rounds = $ENV{QUIRE_TORTURE_ROUNDS} // 10;
my $seed = $ENV{QUIRE_TORTURE_SEED} // int(rand(1_000_000)) + 1;
srand($seed);
note("seed $seed: QUIRE_TORTURE_SEED=$seed repeats these rounds");

my $node = torture_node('torture');
my $torture = Quire::Torture->new($node);

# What is killed, in random order. `twice`: the server, and the server again while it recovers.
my @kinds = qw(server backend worker server twice backend worker server);
my @victims;
my ($cut, $log_offset, %seen, %sum) = (0, 0);

foreach my $round (1 .. $rounds)
{
	@victims = shuffle(@kinds) unless @victims;
	my $victim = shift @victims;
	my $lossy = $round % 4 == 0;
	my $begin = time;
	# Every other round bodies leave memory as soon as the log has them.
	$node->append_conf('postgresql.conf', 'quire.cache_size = ' . ($round % 2 ? '-1' : '0'));
	$node->reload;

	$torture->start(seed => $seed + $round, lossy => $lossy);
	usleep(50_000 + rand(900_000));
	strike($victim);
	my $load = $torture->finish;
	is($load->{code}, 0, "round $round: the clients saw nothing wrong") or diag($load->{output});
	revive($victim);

	my ($code, $output) = $torture->verify(lossy => $lossy);
	is($code, 0, "round $round: kept what was acknowledged, twins equal") or diag($output);
	# After a finding every later round would report the same again.
	last if $code != 0;

	check_log($round);
	$cut++ if $load->{in_flight} > 0;
	$seen{$victim}++;
	$sum{$_} += $load->{$_} // 0 foreach qw(committed rolled_back blocks conflicts checks);
	chomp($output);
	note(sprintf("round %d, %s%s: %d transactions in flight, %.1f s; %s",
		$round, $victim, $lossy ? ', synchronous_commit = off' : '', $load->{in_flight},
		time - $begin, $output));
}

note(sprintf('in flight in %d of %d rounds (%.0f %%)', $cut, $rounds, 100 * $cut / $rounds));
note('transactions: ' . join(', ', map { "$_ $sum{$_}" } sort keys %sum));
note('killed: ' . join(', ', map { "$_ $seen{$_} times" } sort keys %seen));
cmp_ok($cut, '>=', 0.8 * $rounds, 'at least 80 % of the rounds cut a transaction in flight');

# What has survived all that survives an ordinary restart, too.
$node->restart;
my ($code, $output) = $torture->verify;
is($code, 0, 'the same after a clean restart') or diag($output);
done_testing();

# Kills what the round wants to be killed.
sub strike
{
	my ($victim) = @_;
	if ($victim eq 'server' || $victim eq 'twice')
	{
		kill_node($node);
		return;
	}
	my $session = q{SELECT pid FROM pg_stat_activity WHERE application_name = 'torture'
		ORDER BY random() LIMIT 1};
	my $pid = $victim eq 'worker' ? worker_pid($node) : $node->safe_psql('postgres', $session);
	$pid =~ /^\d+$/ or die "no $victim to kill";
	kill 'KILL', $pid;
	return;
}

# Brings the server back, or waits until it has come back by itself.
sub revive
{
	my ($victim) = @_;
	if ($victim eq 'twice')
	{
		start_without_waiting();
		usleep(rand(400_000));
		kill_node($node);
	}
	start_node($node) if $victim eq 'server' || $victim eq 'twice';
	return;
}

sub start_without_waiting
{
	system_or_bail('pg_ctl', '-W', '-s', '-D', $node->data_dir, '-l', $node->logfile, '-o',
		'--cluster-name=torture', 'start');
	my $file = $node->data_dir . '/postmaster.pid';
	wait_until(sub { -s $file }, $file);
	$node->_update_pid(-1);
	return;
}

# A process that died of something else than our kill is a finding, even if nothing was lost.
sub check_log
{
	my ($round) = @_;
	my $text = slurp_file($node->logfile, $log_offset);
	$log_offset = -s $node->logfile;
	# Code 2 is how a process ends when another one has crashed.
	my @bad = grep { /PANIC|TRAP:|terminated by signal (?!9)|exited with exit code (?![012]\b)/ }
	  split(/\n/, $text);
	is(join("\n", @bad), '', "round $round: no process died by itself");
	return;
}

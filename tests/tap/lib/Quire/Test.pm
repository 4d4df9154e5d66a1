# What every TAP test of quire needs: a cluster that preloads the library, and ways to kill it.
package Quire::Test;

use strict;
use warnings;

use Exporter 'import';
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(usleep);

our @EXPORT = qw(quire_node start_node kill_node children_of worker_pid wait_until twins_differ
	leave_open);

# A new cluster with the library preloaded, started. The server's own harness turns fsync off, which
# is right for kill -9 (the kernel keeps what was written); settings are added as `name = value`
# lines. `start => 0` leaves it stopped; other options go to init().
sub quire_node
{
	my ($name, %options) = @_;
	my $settings = delete $options{settings} // '';
	my $start = delete $options{start} // 1;
	# Slots need wal_level = replica, the server's own default.
	$options{allows_streaming} //= 1;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(%options);
	$node->append_conf('postgresql.conf',
		"shared_preload_libraries = 'quire'\nquire.memory = '256MB'\n$settings\n");
	if ($start)
	{
		$node->start;
		$node->safe_psql('postgres', 'CREATE EXTENSION quire');
	}
	return $node;
}

# The processes whose parent is $pid.
sub children_of
{
	my ($pid) = @_;
	my @children;
	foreach my $file (glob '/proc/[0-9]*/stat')
	{
		open(my $stat, '<', $file) or next;
		my $line = <$stat> // '';
		close $stat;
		# Field 2, the name, may hold blanks and brackets; field 4 is the parent.
		push @children, $1 if $line =~ /^(\d+) \(.*\) \S (\d+) /s && $2 == $pid;
	}
	return @children;
}

# SIGKILL to the postmaster and its children at once; returns when none of them runs any more, and
# leaves the data folder so that the next start is a crash recovery.
sub kill_node
{
	my ($node) = @_;
	my $pid = $node->{_pid} or die 'the server is not running';
	# In a chroot without /proc only the server itself knows its processes, unless it still starts.
	my $proc = -d '/proc/self';
	my ($code, $known) = $proc ? (0, '') : $node->psql('postgres',
		'SELECT pid FROM pg_stat_activity UNION SELECT worker_pid FROM quire.stat_log');
	my @all = ($pid, split(/\n/, $known // ''));
	# Stopped, it starts no further child between the list and the kill.
	kill 'STOP', $pid;
	push @all, children_of($pid);
	kill 'KILL', @all;
	foreach my $process ($proc ? @all : ())
	{
		wait_until(sub { !is_alive($process) }, "process $process to die");
	}
	# There the dead cannot be told from those whom nobody has reaped, either.
	usleep(200_000) unless $proc;
	# Where nobody reaps a killed postmaster it still looks alive to the next one.
	unlink $node->data_dir . '/postmaster.pid';
	unlink glob($node->host . '/.s.PGSQL.' . $node->port . '*');
	$node->{_pid} = undef;
	return;
}

# A process that is dead but not yet reaped counts as dead.
sub is_alive
{
	my ($pid) = @_;
	open(my $stat, '<', "/proc/$pid/stat") or return 0;
	my $line = <$stat> // '';
	close $stat;
	return $line =~ /\) [^ZX] /;
}

# Starts the cluster and waits until it answers a query.
sub start_node
{
	my ($node) = @_;
	$node->start;
	$node->poll_query_until('postgres', 'SELECT true') or die 'the server does not answer';
	return;
}

# The process id of the log worker of a running cluster; empty while there is none. A worker without
# a database is not in pg_stat_activity.
sub worker_pid
{
	my ($node) = @_;
	return $node->safe_psql('postgres', 'SELECT worker_pid FROM quire.stat_log');
}

# Calls $condition until it is true; dies after three minutes, naming what was waited for.
sub wait_until
{
	my ($condition, $what) = @_;
	my $deadline = time + 180;
	until ($condition->())
	{
		die "waited too long for $what" if time > $deadline;
		usleep(10_000);
	}
	return;
}

# A session of its own that has run $sql in a transaction, which stays open. Call finish() on what
# is returned once the server or the session is dead, kill_kill() to end the session.
sub leave_open
{
	my ($node, $sql) = @_;
	my ($in, $out) = ("BEGIN; $sql; SELECT 'written'; SELECT pg_sleep(600);\n", '');
	my $psql = IPC::Run::start(
		[ 'psql', '-XAtq', '-d', $node->connstr('postgres') ],
		'<', \$in, '>', \$out, '2>', '/dev/null');
	wait_until(sub { $psql->pump_nb; $out =~ /written/ }, 'a transaction to write');
	return $psql;
}

# How many keys differ between a collection and its heap twin; both have columns _id and _doc.
sub twins_differ
{
	my ($node, $foreign, $heap) = @_;
	return $node->safe_psql('postgres', qq{
		SELECT count(*) FROM $foreign f FULL JOIN $heap h USING (_id)
		 WHERE f._doc IS DISTINCT FROM h._doc});
}

1;

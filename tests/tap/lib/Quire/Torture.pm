# The clients of the torture tests (tests/torture/torture_client.cpp) on a cluster: start them, wait
# until the server they write to is gone, and check what it has afterwards.
package Quire::Torture;

use strict;
use warnings;

use Carp;
use Exporter 'import';
use PostgreSQL::Test::Utils;
use Quire::Test;
use Time::HiRes qw(time usleep);

our @EXPORT = qw(torture_node);

# QUIRE_TORTURE_HEAP=1 tries the tools themselves: a heap table stands in for the collection.
my $heap = $ENV{QUIRE_TORTURE_HEAP} // 0;

# A cluster for the clients, started. Small segments and checkpoints at random moments (the clients
# send them): what the log worker has not kept for itself is gone soon. Little fits a session's
# buffer, so that much is in the log before it is decided. fsync is off, as always in this harness:
# the kernel lives on.
sub torture_node
{
	my ($name, $settings) = @_;
	return quire_node(
		$name,
		allows_streaming => 1,
		extra => ['--wal-segsize=1'],
		settings => q{
log_statement = none
restart_after_crash = on
max_connections = 30
deadlock_timeout = 50ms
shared_buffers = 64MB
max_wal_size = 16MB
checkpoint_timeout = 30s
quire.session_buffer = '64kB'
} . ($settings // ''));
}

# Clients for $node, which runs, and their tables. Options: clients => 5.
sub new
{
	my ($class, $node, %options) = @_;
	my $state = $node->basedir . '/torture';
	mkdir $state or croak "$state: $!";
	my $self = bless {
		node => $node,
		state => $state,
		clients => $options{clients} // 5,
		program => $ENV{QUIRE_TORTURE_CLIENT} // "$ENV{TESTDIR}/torture_client"
	}, $class;
	my ($code, $output) = $self->_run('setup', $node, $heap ? '--heap' : ());
	$code == 0 or die "no tables for the torture test: $output";
	return $self;
}

# Starts the clients and returns when each has committed something (or all have ended). Options:
# seed, lossy (synchronous_commit = off), seconds (then they end by themselves), wait => 0.
sub start
{
	my ($self, %options) = @_;
	my @arguments = ("--seed=$options{seed}");
	push @arguments, '--lossy' if $options{lossy};
	push @arguments, "--seconds=$options{seconds}" if $options{seconds};
	unlink "$self->{state}/running";
	my @command = $self->_command('load', $self->{node}, @arguments);
	my $pid = fork // die "fork: $!";
	if ($pid == 0)
	{
		open(STDOUT, '>', "$self->{state}/output") or die $!;
		exec(@command) or die "$command[0]: $!";
	}
	$self->{load} = $pid;
	delete $self->{ended};
	until (-e "$self->{state}/running" || $self->_ended)
	{
		usleep(5_000);
	}
	return;
}

# Tells the clients to end their transactions and stop.
sub stop
{
	my ($self) = @_;
	kill 'TERM', $self->{load} unless $self->_ended;
	return $self->finish;
}

# Waits for the end of the clients. Returns what they printed as a hash (committed, rolled_back,
# blocks, in_flight), with code, their exit code, and output.
sub finish
{
	my ($self) = @_;
	my $deadline = time + 150;
	until ($self->_ended)
	{
		if (time > $deadline)
		{
			kill 'KILL', $self->{load};
			waitpid($self->{load}, 0);
			return { code => -1, in_flight => 0, output => 'the clients did not end' };
		}
		usleep(5_000);
	}
	my $output = slurp_file("$self->{state}/output");
	my %numbers = $output =~ /(\w+)=(\d+)/g;
	return { in_flight => 0, %numbers, code => $self->{ended}, output => $output };
}

# Checks the data against the journals. Options: lossy, keep (leave the journals as they are), node
# (another cluster, with a copy of the data). Returns the exit code and what was printed.
sub verify
{
	my ($self, %options) = @_;
	my @arguments = map { "--$_" } grep { $options{$_} } qw(lossy keep);
	return $self->_run('verify', $options{node} // $self->{node}, @arguments);
}

sub _ended
{
	my ($self) = @_;
	if (!defined $self->{ended} && waitpid($self->{load}, 1) == $self->{load})
	{
		$self->{ended} = $? & 127 ? 128 + ($? & 127) : $? >> 8;
	}
	return defined $self->{ended};
}

sub _command
{
	my ($self, $command, $node, @arguments) = @_;
	my $connection = $node->connstr('postgres') . ' application_name=torture';
	return ($self->{program}, $command, "--conn=$connection",
		"--state=$self->{state}", "--clients=$self->{clients}", @arguments);
}

sub _run
{
	my ($self, $command, $node, @arguments) = @_;
	my $output = '';
	my @command = $self->_command($command, $node, @arguments);
	IPC::Run::run(\@command, '>', \$output, '2>&1');
	return ($? >> 8, $output);
}

1;

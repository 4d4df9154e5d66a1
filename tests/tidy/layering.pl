#!/usr/bin/env perl
# Includes point down: a file includes its own folder and lower levels, never up, never a sibling on
# the same level; no server header under engine/. Prints what breaks the rule, and then fails.
#
#   tests/tidy/layering.pl [ROOT [FOLDER OF THE SERVER'S HEADERS]]

use strict;
use warnings;

use File::Find;

my ($root, $server_headers) = @ARGV;
$root //= '.';

# Folder => level. A file directly in engine/ is the public header's level.
my %level = (
	'engine/base' => 0,
	'engine/host' => 1,
	'engine/memory' => 2,
	(map { ("engine/$_" => 3) } qw(log mvcc index cache)),
	'engine/store' => 4,
	(map { ("engine/$_" => 5) } qw(durability replication)),
	(map { ($_ => 6) } qw(engine engine/local)),
	'extension' => 7);

# Siblings that may see each other all the same: the server-less host stands on the public header.
my %allowed = ('engine/local>engine' => 1);

my @problems;

sub folder_of
{
	my ($path) = @_;
	return $path =~ m{^(engine/[^/]+)/} ? $1 : $path =~ m{^(engine|extension)/} ? $1 : undef;
}

sub check_quoted
{
	my ($file, $line, $included) = @_;
	my $from = folder_of($file);
	my $to = folder_of($included);
	if (!defined $to)
	{
		# Libraries in quotes are named by their own folder; the extension has the server's headers.
		return if $included =~ m{^absl/} || $from eq 'extension';
		push @problems, "$file:$line: $included is neither ours nor Abseil's";
	}
	elsif (!-f "$root/$included")
	{
		push @problems, "$file:$line: $included does not exist";
	}
	elsif ($from ne $to && !exists $level{$to})
	{
		push @problems, "$file:$line: the folder $to has no level";
	}
	elsif ($from ne $to && $level{$to} >= $level{$from} && !$allowed{"$from>$to"})
	{
		push @problems, "$file:$line: $included is on level $level{$to}, this file on $level{$from}";
	}
}

sub check_angle
{
	my ($file, $line, $included) = @_;
	return if folder_of($file) eq 'extension';
	if ($included =~ /postgres|^pg_|^libpq/
		|| (defined $server_headers && -e "$server_headers/$included"
			&& !-e "/usr/include/$included"))
	{
		push @problems, "$file:$line: $included is a server header";
	}
}

sub check_file
{
	my ($file) = @_;
	my $folder = folder_of($file);
	if (!exists $level{$folder})
	{
		push @problems, "$file: the folder $folder has no level";
		return;
	}
	open(my $source, '<', "$root/$file") or die "$file: $!";
	while (my $text = <$source>)
	{
		check_quoted($file, $., $1) if $text =~ /^\s*#\s*include\s*"([^"]+)"/;
		check_angle($file, $., $1) if $text =~ /^\s*#\s*include\s*<([^>]+)>/;
	}
}

my @files;
find({ no_chdir => 1, wanted => sub { push @files, $_ if -f && /\.(?:h|cpp)$/ } },
	grep { -d } "$root/engine", "$root/extension");
die "no sources under $root\n" unless @files;
foreach my $path (sort @files)
{
	check_file(substr($path, length($root) + 1));
}
print "$_\n" foreach @problems;
exit(@problems ? 1 : 0);

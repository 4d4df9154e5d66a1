#!/usr/bin/env perl
# What can be seen in the text alone: marks, line lengths, the heads of headers, file lengths, tests
# that do not run. Prints what breaks a rule; fails if anything does.
#
#   tests/tidy/text.pl RULE [ROOT]    RULE: marks lines heads lengths disabled

use strict;
use warnings;

use File::Find;

my ($rule, $root) = @ARGV;
$root //= '.';

my %length_max = (h => 250, cpp => 600);
my $columns_max = 100;

# Files that may be longer, each with the length it has: what is over may not grow.
sub length_allowed
{
	my %allowed;
	open(my $list, '<', "$root/tests/tidy/lengths-allowed") or return %allowed;
	while (<$list>)
	{
		$allowed{$1} = $2 if /^(\S+) (\d+)\s*$/;
	}
	return %allowed;
}

sub files_under
{
	my ($pattern, @folders) = @_;
	my @found;
	my @existing = grep { -d } map { "$root/$_" } @folders;
	find({ no_chdir => 1, wanted => sub { push @found, $_ if -f && /$pattern/ } }, @existing)
	  if @existing;
	return sort @found;
}

sub lines_of
{
	my ($file) = @_;
	open(my $source, '<:encoding(UTF-8)', $file) or die "$file: $!";
	my @lines = <$source>;
	chomp @lines;
	return @lines;
}

my @problems;

# Says it for each line of the files that matches.
sub forbid
{
	my ($pattern, $why, @files) = @_;
	foreach my $file (@files)
	{
		my $number = 0;
		foreach my $line (lines_of($file))
		{
			$number++;
			push @problems, "$file:$number: $why: $line" if $line =~ $pattern;
		}
	}
}

my $sources = qr/\.(?:h|cpp)$/;
my %rules = (
	marks => sub {
		forbid(qr/TODO|FIXME|XXX/, 'a mark', files_under($sources, qw(engine extension)));
	},
	lines => sub {
		my @files = files_under(qr/\.(?:h|cpp|pl|pm|sql)$/,
			qw(engine extension tests sql demo));
		push @files, grep { -f } files_under(qr/./, 'scripts');
		# A string that is longer by itself stays in one piece.
		forbid(qr/^(?![\s{(]*").{@{[$columns_max + 1]}}/, "longer than $columns_max columns", @files);
		forbid(qr/[ \t]$/, 'blanks at the end', @files);
	},
	heads => sub {
		foreach my $file (files_under(qr/\.h$/, qw(engine extension tests)))
		{
			my @lines = lines_of($file);
			push @problems, "$file: does not begin with a comment that says what it is"
			  unless @lines && $lines[0] =~ m{^// \S};
			push @problems, "$file: has no #pragma once"
			  unless grep { $_ eq '#pragma once' } @lines;
		}
	},
	lengths => sub {
		my %allowed = length_allowed();
		foreach my $file (files_under($sources, qw(engine extension tests)))
		{
			my ($suffix) = $file =~ /\.(\w+)$/;
			my $name = substr($file, length($root) + 1);
			my $limit = $allowed{$name} // $length_max{$suffix};
			my $length = () = lines_of($file);
			push @problems, "$file: $length lines, the limit is $limit" if $length > $limit;
		}
	},
	disabled => sub {
		forbid(qr/DISABLED_|GTEST_SKIP/, 'a test that does not run', files_under($sources, 'tests'));
		forbid(qr/\bsleep_for\b|\bsleep_until\b/, 'a test that sleeps',
			files_under($sources, qw(tests/unit tests/sim)));
		forbid(qr/plan skip_all|\bsleep\b\s*\(?\d/, 'a test that does not run, or sleeps',
			grep { !m{/tidy/} } files_under(qr/\.(?:pl|pm)$/, 'tests'));
	});

($rules{ $rule // '' } // die "usage: text.pl marks|lines|heads|lengths|disabled [ROOT]\n")->();
print "$_\n" foreach @problems;
exit(@problems ? 1 : 0);

# Pages of the documentation whose statements are promised to run as they stand.

use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Quire::Test;

my $node = quire_node('main');
foreach my $page ('from-jsonb')
{
	my @blocks = slurp_file("$FindBin::RealBin/docs/$page.md") =~ /^```sql\n(.*?)^```$/msg;
	cmp_ok(scalar(@blocks), '>', 3, "page $page has statements");
	my $number = 0;
	my $output = '';
	foreach my $block (@blocks)
	{
		++$number;
		my ($code, $out, $err) = $node->psql('postgres', $block, on_error_stop => 1);
		is($code, 0, "page $page, block $number") or diag($block, $err);
		$output .= "$out\n";
	}
	# The results that the page promises in words.
	like($output, qr/^0$/m, "page $page: documents come back as they went in");
	like($output, qr/^Alan\|Wilmslow\nGrace\|Arlington$/m,
		"page $page: a number in a string is found");
	like($output, qr/^0\|t$/m, "page $page: one transaction");
	like($output, qr/^37$/m, "page $page: kept in step");
}

done_testing();

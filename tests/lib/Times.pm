# SPDX-License-Identifier: GPL-2.0-only
#
# Times - prove's formatter for files, whose summary also lists how long each
# test took, the longest first: prove --formatter Times
package Times;
use strict;
use warnings;
use parent 'TAP::Formatter::File';

sub summary {
	my ($self, $aggregate, $interrupted) = @_;
	my %took = map { $_->[0] => $_->[1]->end_time - $_->[1]->start_time }
		map { [ $_, $aggregate->parsers($_) ] } $aggregate->descriptions;

	$self->_output("\nminutes  test\n");
	$self->_output(sprintf("%7.1f  %s\n", $took{$_} / 60, $_))
		for sort { $took{$b} <=> $took{$a} } keys %took;
	return $self->SUPER::summary($aggregate, $interrupted);
}

1;

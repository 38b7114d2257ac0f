$ campaign edit spring.yaml --expected-version 1
campaign spring is described anew at position N
$ campaign edit spring.yaml --expected-version 1
fleetfold: version_conflict: spring is at version N, not N
  somebody was faster: look at `campaign status` and decide again
$ campaign start spring
campaign spring is started at position N
$ campaign exclude spring d1 --reason broken
d1 is out of campaign spring at position N
$ campaign exclude spring d1
fleetfold: invalid_transition: d1 is removed in spring and cannot be excluded
$ campaign retry spring --device d1
d1 has another attempt in campaign spring, since position N
$ campaign retry spring
fleetfold: invalid_transition: no device of spring has failed for good
$ device lifecycle d2 maintenance
fleetfold: invalid_transition: d2 is provisioned, which cannot become maintenance
$ device lifecycle d2 asleep
error: invalid value 'asleep' for '<LIFECYCLE>': expected active, maintenance or retired

For more information, try '--help'.
$ campaign expedite spring d3
d3 is next in campaign spring at position N
$ campaign advance spring
campaign spring is advanced at position N
$ campaign advance spring
fleetfold: invalid_transition: spring is in its last phase: there is none to advance to
$ campaign archive spring
fleetfold: invalid_transition: spring is rolling and cannot be archived
$ campaign promote spring --arm b
fleetfold: invalid_transition: spring is rolling and cannot be promoted: its test is not over
$ device lifecycle d4 retired
d4 is retired since position N
$ campaign cancel spring --reason enough
campaign spring is canceled at position N
$ campaign archive spring
campaign spring is archived at position N

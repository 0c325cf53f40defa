#!/usr/bin/env bash
# Kubernetes: a CronJob's `*/2` for the day of the month beside a day of the week means either, where crontab means
# both; and 7 is no Sunday.
#
# github.com/robfig/cron/v3 3.0.1, with which Kubernetes 1.37.2 reads the schedule of a CronJob. If the day of the
# month and the day of the week are both restricted, a job runs on the days of either, in crontab and here. In crontab a
# field that begins with a star is unrestricted, also with a step: `0 0 */2 * 1` runs on Mondays with an odd date, and
# so says cronsim 2.8, which follows Debian's cron. Here only a step of 1 keeps the star: the job runs on every odd date
# and on every Monday besides. 7, which crontab takes for Sunday, is refused, also as the end of a range such as 5-7.
#
# Seen, for the first five runs from 1 June 2026, a Monday:
#   0 0 */2 * 1       Kubernetes 1 3 5 7 8 June       cronsim 1 15 29 June, 13 27 July
#   0 0 1-31/2 * 1    Kubernetes 1 3 5 7 8 June       cronsim 1 3 5 7 8 June
#   0 0 */1 * 1       Kubernetes 1 8 15 22 29 June    cronsim 1 8 15 22 29 June
#   0 0 * * 5-7       Kubernetes refuses              cronsim 5 6 7 12 13 June
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet "cronsim==2.8"
cat >main.go <<'END_OF_GO'
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/robfig/cron/v3"
)

func main() {
	schedule, err := cron.ParseStandard(os.Args[1])
	if err != nil {
		fmt.Println("refused")
		return
	}
	at := time.Date(2026, 5, 31, 12, 0, 0, 0, time.UTC)
	for range 5 {
		at = schedule.Next(at)
		fmt.Print(at.Format("01-02 "))
	}
	fmt.Println()
}
END_OF_GO
cat >crontab.py <<'END_OF_PYTHON'
import datetime
import itertools
import sys

import cronsim

runs = cronsim.CronSim(sys.argv[1], datetime.datetime(2026, 5, 31, 12))
print(*(f"{run:%m-%d}" for run in itertools.islice(runs, 5)))
END_OF_PYTHON
go mod init example.com/finding >init.log 2>&1
go get github.com/robfig/cron/v3@v3.0.1 >get.log 2>&1
go build -o cronjob .
seen=$(
  for schedule in '0 0 */2 * 1' '0 0 1-31/2 * 1' '0 0 */1 * 1' '0 0 * * 5-7'; do
    echo "$schedule: $(./cronjob "$schedule" | xargs); $(venv/bin/python crontab.py "$schedule")"
  done
)
echo "$seen"
[ "$seen" = "0 0 */2 * 1: 06-01 06-03 06-05 06-07 06-08; 06-01 06-15 06-29 07-13 07-27
0 0 1-31/2 * 1: 06-01 06-03 06-05 06-07 06-08; 06-01 06-03 06-05 06-07 06-08
0 0 */1 * 1: 06-01 06-08 06-15 06-22 06-29; 06-01 06-08 06-15 06-22 06-29
0 0 * * 5-7: refused; 06-05 06-06 06-07 06-12 06-13" ]

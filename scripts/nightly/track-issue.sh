#!/bin/sh
# Keeps ONE issue for what the nightly audit finds: opens it, writes it anew, and closes it when there is nothing left.
# $1: the report in Markdown, $2: how many findings it has, or "unknown", which leaves the issue as it is. Needs gh with GH_TOKEN, and GH_REPO.
set -eu
report=$1
findings=$2
title='Nightly audit'
label=nightly-audit
[ "$findings" != unknown ] || exit 0

number=$(gh issue list --state open --label "$label" --limit 1 --json number --jq '.[0].number // empty')
if [ "$findings" -eq 0 ]; then
  [ -z "$number" ] || gh issue close "$number" --comment 'The last nightly audit has no findings.'
elif [ -n "$number" ]; then
  gh issue edit "$number" --body-file "$report"
else
  gh label create "$label" --description 'What the nightly audit finds' --force
  gh issue create --title "$title" --label "$label" --body-file "$report"
fi

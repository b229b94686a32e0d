#!/usr/bin/env node
// biome-ignore-all lint/style/useNodejsImportProtocol: a Node too old for it has to get the message below.
'use strict';

const childProcess = require('child_process');
const fs = require('fs');
const path = require('path');

const neededMajor = 24;

if (majorOf(process.versions.node) >= neededMajor) runHere();
else runElsewhere();

function runHere() {
  // Compiling the gateway's own files is most of a start; the second one reads what the first one wrote.
  require('module').enableCompileCache(codeFolder());
  const workspaceEntry = path.join(__dirname, '..', 'src', 'cli', 'main.ts');
  const publishedEntry = path.join(__dirname, '..', 'dist', 'cli', 'main.js');
  const cli = require(fs.existsSync(workspaceEntry) ? workspaceEntry : publishedEntry);
  cli.main(process.argv.slice(2)).then((exitCode) => process.exit(exitCode));
}

// Compiled code is run as it is found. Root shares its temporary folder with everybody, so it keeps its own.
function codeFolder() {
  const isRoot = process.getuid && process.getuid() === 0;
  const home = isRoot ? process.env.HOME : undefined;
  return home ? path.join(home, '.cache', 'dropgate') : undefined;
}

function runElsewhere() {
  const node = findNewerNode();
  if (node) {
    runWith(node);
    return;
  }
  process.stderr.write(
    `dropgate needs Node ${neededMajor} or newer; this is ${process.version}.\n` +
      `${howToGetNode()}, and run this again.\n`,
  );
  process.exit(1);
}

// One command, of what this machine has.
function howToGetNode() {
  if (process.env.NVM_DIR) return `Run: nvm install ${neededMajor}`;
  if (process.env.FNM_DIR) return `Run: fnm install ${neededMajor} && fnm use ${neededMajor}`;
  // This launcher finds it in the project. There is none for macOS and for musl.
  if (isGlibc()) return `Run: npm install node-linux-${process.arch}@${neededMajor}`;
  if (process.platform === 'darwin') return `Run: brew install node@${neededMajor}`;
  return `Install Node ${neededMajor} from https://nodejs.org`;
}

function isGlibc() {
  if (process.platform !== 'linux' || !/^(x64|arm64)$/.test(process.arch)) return false;
  try {
    return Boolean(process.report.getReport().header.glibcVersionRuntime);
  } catch (_noReport) {
    return false;
  }
}

// The package of a pinned Node for this machine, where the project has installed one.
function findNewerNode() {
  const name = `node-${process.platform}-${process.arch}`;
  try {
    const manifest = require.resolve(`${name}/package.json`, { paths: [process.cwd(), __dirname] });
    const binary = path.join(path.dirname(manifest), 'bin', 'node');
    const isNewEnough = majorOf(require(manifest).version) >= neededMajor;
    return isNewEnough && fs.existsSync(binary) ? binary : null;
  } catch (_notInstalled) {
    return null;
  }
}

function runWith(node) {
  const args = [__filename].concat(process.argv.slice(2));
  const child = childProcess.spawn(node, args, { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends the others to the child itself; twice would mean "at once".
      if (signal === 'SIGTERM' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`${node} cannot be started: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (exitCode, signal) => {
    if (!signal) process.exit(exitCode);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function majorOf(version) {
  return Number(version.split('.')[0]);
}

// Prints the last line of a test run, `N passed, N failed, N skipped`, from vitest's JSON report.
// Usage: bun scripts/test-summary.ts REPORT STATUS   (STATUS: vitest's own exit status); exits 1 when anything failed
import { existsSync, readFileSync } from "node:fs";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { status: string; name: string; assertionResults: readonly unknown[] }[];
}

const [reportFile = "", status = "1"] = process.argv.slice(2);
let passed = 0;
let failed = 0;
let skipped = 0;
if (existsSync(reportFile)) {
  const report: Report = JSON.parse(readFileSync(reportFile, "utf8"));
  // A file that couldn't be loaded has no tests to count, and is a failure all the same.
  const broken = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  );
  for (const { name } of broken) console.error(`test: ${name} couldn't be loaded`);
  passed = report.numPassedTests;
  failed = report.numFailedTests + broken.length;
  skipped = report.numPendingTests + report.numTodoTests;
}
if (failed === 0 && (status !== "0" || passed === 0)) {
  console.error(
    `test: vitest ended with ${status} although no test failed: an error outside the tests, or no tests`,
  );
  failed = 1;
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

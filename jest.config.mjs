export default {
  extensionsToTreatAsEsm: [".ts"],
  moduleFileExtensions: ["ts", "mjs", "js", "json", "node"],
  transform: { "\\.ts$": "<rootDir>/tools/strip-types.mjs" },
  testEnvironment: "<rootDir>/tools/jest-environment.mjs",
  testMatch: [
    "<rootDir>/{packages,services,infra,load-tests,tools}/**/test/**/*.test.ts",
    "<rootDir>/test/**/*.test.ts",
  ],
  modulePathIgnorePatterns: ["<rootDir>/.cache", "<rootDir>/data"],
  maxWorkers: 2,
};

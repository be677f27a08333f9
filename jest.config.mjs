export default {
  extensionsToTreatAsEsm: [".ts"],
  moduleFileExtensions: ["ts", "mjs", "js", "json", "node"],
  transform: { "\\.ts$": "<rootDir>/tools/strip-types.mjs" },
  testEnvironment: "<rootDir>/tools/jest-environment.mjs",
  modulePathIgnorePatterns: ["<rootDir>/.cache", "<rootDir>/data"],
  maxWorkers: 2,
  projects: undefined,
};

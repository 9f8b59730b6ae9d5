import ArgumentParser
import Client

/// The bundle that a command is about.
struct BundleArgument: ParsableArguments {
  @Argument(
    help: ArgumentHelp("The bundle: its repo and id, id prefix, label, or 'latest'.", valueName: "repo@ref"))
  var bundle: String

  /// - Throws: `BundleAddress.Flaw`.
  func address() throws -> BundleAddress { try BundleAddress(bundle) }
}

/// How many files travel at the same time, and how long a transfer tries.
struct TransferOption: ParsableArguments {
  @Option(help: "Files under way at the same time, 1 to 64.")
  var parallel = 4

  @Option(help: ArgumentHelp("Seconds to keep trying without progress.", valueName: "seconds"))
  var retryBudget = Int(RetryPolicy().budgetSeconds)

  var policy: RetryPolicy { RetryPolicy(budgetSeconds: Double(retryBudget)) }

  /// - Throws: `CommandFailure` naming the option.
  func check() throws {
    guard (1...64).contains(parallel) else {
      throw CommandFailure("--parallel must be 1 to 64, not \(parallel)")
    }
    guard retryBudget >= 0 else { throw CommandFailure("--retry-budget must not be negative") }
  }
}

import ArgumentParser
import Client
import Foundation
import Platform
import Vocabulary

/// Who asks for a change.
struct AuthorOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Who asks for this, such as 'Ann <ann@example.org>'; kept with the change (default: $SHEAF_AUTHOR).",
      valueName: "name"))
  var author: String?

  /// - Throws: `CommandFailure` for a text that no server takes.
  func text() throws -> String? {
    let text = author ?? ProcessInfo.processInfo.environment["SHEAF_AUTHOR"].flatMap { $0.isEmpty ? nil : $0 }
    if let text { try Self.check(text) }
    return text
  }

  /// - Throws: `CommandFailure` for a text that no server takes.
  static func check(_ text: String) throws {
    guard (1...256).contains(text.utf8.count) else {
      throw CommandFailure("the author must have 1 to 256 bytes, not \(text.utf8.count)")
    }
    guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      throw CommandFailure("the author \(quoted(text)) must have no control characters")
    }
  }
}

/// Asks a person before something is deleted.
struct ConfirmOption: ParsableArguments {
  @Flag(name: [.short, .long], help: "Do not ask.")
  var yes = false

  /// - Throws: `CommandFailure` when the person says no, or nobody can be asked; `CancellationError` after Ctrl-C.
  func confirm(_ question: String) async throws {
    if yes { return }
    guard Terminal.canAsk else {
      throw CommandFailure("\(question) Nobody can be asked here; --yes says so. Nothing was changed")
    }
    StandardError.write("\(question) [y/N] ")
    guard ["y", "yes"].contains(try await Self.answer().lowercased()) else {
      throw CommandFailure("nothing was changed")
    }
  }

  /// What a person types, without the spaces around it.
  private static func answer() async throws -> String {
    let waiting = Locked<CheckedContinuation<String, any Error>?>(nil)
    let finish: @Sendable (Result<String, any Error>) -> Void = { result in
      let continuation = waiting.withLock { waiting in
        defer { waiting = nil }
        return waiting
      }
      continuation?.resume(with: result)
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        waiting.withLock { $0 = continuation }
        if Task.isCancelled { return finish(.failure(CancellationError())) }
        // The thread stays behind when nothing is typed; it ends with the process.
        Task {
          let bytes = await ThreadedExecutor(name: "sheaf.client.io", threads: 1).perform {
            FileHandle.standardInput.availableData
          }
          let text = String(decoding: bytes, as: UTF8.self)
          finish(.success(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        }
      }
    } onCancel: {
      finish(.failure(CancellationError()))
    }
  }
}

extension ClientRun {
  /// Asks the gateway for a change.
  static func change(
    _ server: ServerOption, _ author: AuthorOption,
    _ body: @escaping @Sendable (GatewayAPI, Retrier) async throws -> Void
  ) async throws {
    try await ask(server) { api, retrier in
      let name = try author.text()
      var api = api
      api.author = name
      try await body(api, retrier)
    }
  }

  /// Prints facts one under the other, or the value as JSON.
  static func print(_ value: some Encodable, _ output: OutputOption, _ facts: [(String, String?)]) throws {
    guard !output.json else { return try printJSON(value) }
    let shown = facts.compactMap { name, value in value.map { (name, $0) } }
    let width = shown.map { $0.0.count }.max() ?? 0
    for (name, value) in shown {
      let padding = String(repeating: " ", count: width - name.count + 2)
      StandardOutput.line("\(name):\(padding)\(TextTable.visible(value))")
    }
  }
}

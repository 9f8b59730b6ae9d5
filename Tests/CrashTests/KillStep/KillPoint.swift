import Foundation
import TestSupport

/// A law that the server has broken; the text says which and how.
struct BrokenLaw: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

func demand(_ isKept: Bool, _ law: @autoclosure () -> String) throws {
  if !isKept { throw BrokenLaw(law()) }
}

/// Where a run of the server ends.
struct KillPoint: Sendable {
  enum When: String, Sendable, CaseIterable { case before, after }

  let step: Int
  let when: When
}

/// The library that counts the server's steps and kills it at one of them.
enum KillStepLibrary {
  private static let built = Result { try build() }

  private static func build() throws -> (folder: TemporaryFolder, path: String) {
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Scripts/killstep.c").path
    let folder = try TemporaryFolder()
    let library = folder.child("killstep.so")
    // `cc` of the system, or the clang that is part of every Swift toolchain.
    let command = """
      compiler=$(command -v cc || command -v clang) && \
      exec "$compiler" -Wall -Wextra -Werror -O1 -shared -fPIC -o "$1" "$2" -ldl
      """
    let result = try runProgram("/bin/sh", ["-c", command, "sh", library, source])
    try demand(result.status == 0, "killstep.c cannot be compiled: \(result.errors)")
    return (folder, library)
  }

  /// The variables that make a server count, and end at the point, if there is one.
  static func environment(dataFolder: String, armed: String, trace: String, point: KillPoint?) throws
    -> [String: String]
  {
    var variables = [
      "LD_PRELOAD": try built.get().path, "TEST_KILL_FOLDER": dataFolder, "TEST_KILL_ARMED": armed,
      "TEST_KILL_TRACE": trace,
    ]
    if let point {
      variables["TEST_KILL_STEP"] = String(point.step)
      variables["TEST_KILL_WHEN"] = point.when.rawValue
    }
    return variables
  }
}

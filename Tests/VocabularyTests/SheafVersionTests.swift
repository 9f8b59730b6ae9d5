import Foundation
import TestSupport
import Testing
import Vocabulary

@Suite struct SheafVersionTests {
  @Test("the browser client has the version of the server that serves it")
  func client() throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: repositoryRoot + "/js/package.json"))
    let package = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(package["version"] as? String == SheafVersion.current)
  }
}

import HTTPTypes
import Hummingbird
import UploadProtocol
import Vocabulary

/// `/problems`: what the `type` of a problem document leads to, for programs as JSON, for people as a page.
package struct ProblemRoutes: Sendable {
  package init() {}

  package func add(to router: Router<GatewayContext>) {
    router.get("/problems") { request, _ in
      Self.answer(
        request, Problem.allCases, title: "Problems",
        json: ["items": .array(Problem.allCases.map(Self.view(of:))), "next": nil])
    }
    router.get("/problems/{code}") { request, context in
      let code = try context.parameter("code")
      guard let problem = Problem(rawValue: code) else {
        throw ProblemError(.notFound, detail: "there is no problem \(quoted(code))")
      }
      return Self.answer(request, [problem], title: problem.title, json: Self.view(of: problem))
    }
  }

  package static func view(of problem: Problem) -> JSONValue {
    [
      "type": .string(ProblemDocument.type(of: problem)), "code": .string(problem.code),
      "status": .count(problem.status), "title": .string(problem.title),
      "retryable": .bool(problem.retryable), "remedy": .string(problem.remedy),
    ]
  }

  private static func answer(
    _ request: Request, _ problems: [Problem], title: String, json: JSONValue
  ) -> Response {
    var response = Response.json(json)
    if wantsPage(request.headers), case .success(let templates) = PageTemplates.embedded {
      response = .page(page(templates, problems, title: title))
    }
    response.headers[.vary] = "Accept"
    return response
  }

  /// The HTML of a list of problems.
  package static func page(_ templates: PageTemplates, _ problems: [Problem], title: String) -> String {
    templates.html(
      "problems", title: title, section: .none,
      view: [
        "heading": title, "isOne": problems.count == 1,
        "problems": problems.map { problem in
          [
            "code": problem.code, "statusCode": problem.status, "problemTitle": problem.title,
            "remedy": parts(of: problem.remedy), "isRetryable": problem.retryable,
          ] as PageView
        },
      ])
  }

  /// A sentence in parts: every second one is a name, which stood in backquotes.
  private static func parts(of remedy: String) -> [PageView] {
    remedy.split(separator: "`", omittingEmptySubsequences: false).enumerated().map { index, text in
      ["text": String(text), "isName": !index.isMultiple(of: 2)]
    }
  }

  /// True when `Accept` names HTML, as browsers do and programs do not.
  private static func wantsPage(_ headers: HTTPFields) -> Bool {
    headers[values: .accept].contains { $0.lowercased().contains("text/html") }
  }
}

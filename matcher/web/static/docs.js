const place = document.getElementById("swagger-ui");
SwaggerUIBundle({ url: place.dataset.spec, dom_id: "#swagger-ui", deepLinking: true });
